// What was derived from the immutable manifests of one layout, kept across restarts: nothing is parsed twice. A line for each
// manifest; when the file cannot be read or written, manifests are read again.
import type { Annotations } from '../../oci/annotations.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type Digest, isDigest } from '../../oci/digest.ts';
import { type KnownFacts, type ManifestFacts, maxListedAnnotationBytes } from '../../oci/manifest-facts.ts';
import { isManifestType } from '../../oci/media-type.ts';
import type { Log } from '../../storage/log.ts';
import type { Key, ObjectStore } from '../../storage/object-store.ts';
import { KeptLines, spansOfLines } from '../files/kept-lines.ts';
import { Pace } from '../pacing/pace.ts';

/** Some hundred thousand manifests. */
const maxBytes = 64 * 1024 * 1024;
/** A longer line would take too long to parse each time, and leave no room for others: such an index is read again. */
const maxChildren = 1_000;
/** The file is asked for all at once, after a start and after a change, and then not for long. */
const forgetAfterMs = 10_000;
const tab = 9;

interface LineSpan {
  readonly at: number;
  readonly end: number;
}

export class FactsFile {
  readonly #lines: KeptLines;
  /** What the file holds; undefined where this process wrote it and knows it still, or had no reason to look again. */
  #kept: Map<string, LineSpan | undefined> | undefined;
  /** The file as it was read; undefined when nobody asked for long. */
  #bytes: Promise<Buffer> | undefined;
  #forgetting: NodeJS.Timeout | undefined;

  constructor(store: ObjectStore, key: Key, log: Log) {
    this.#lines = new KeptLines({ store, key, kind: 'manifest facts', version: 2, maxBytes, log });
  }

  /** `taken` is the media type that the manifest is referenced with, '' for none. The blob's own existence is not looked at. */
  async get(digest: Digest, taken: string): Promise<KnownFacts | undefined> {
    const id = idOf(digest, taken);
    if (this.#kept !== undefined && this.#kept.get(id) === undefined) return undefined;
    this.#bytes ??= this.#load();
    this.#forgetting?.refresh();
    this.#forgetting ??= setTimeout(() => this.#forget(), forgetAfterMs).unref();
    const bytes = await this.#bytes;
    const span = this.#kept?.get(id);
    if (span === undefined) return undefined;
    const facts = parseFacts(bytes.toString('utf8', span.at, span.end), digest);
    // A line that is damaged, or not ours, is written again.
    if (facts === undefined) this.#kept?.delete(id);
    return facts;
  }

  /** Of what `get` did not know. */
  put(digest: Digest, taken: string, facts: KnownFacts): void {
    const id = idOf(digest, taken);
    if (!this.#lines.takesMore || this.#kept?.has(id)) return;
    if (facts !== 'none' && facts.children.length > maxChildren) return;
    this.#kept?.set(id, undefined);
    this.#lines.add(`${id}\t${JSON.stringify(facts)}`);
  }

  flush(): Promise<void> {
    return this.#lines.flush();
  }

  #forget(): void {
    this.#bytes = undefined;
    this.#forgetting = undefined;
  }

  async #load(): Promise<Buffer> {
    const bytes = await this.#lines.read();
    const kept = new Map<string, LineSpan | undefined>();
    const pace = new Pace();
    for (const [start, end] of spansOfLines(bytes)) {
      const at = bytes.subarray(start, end).indexOf(tab);
      if (at > 0) kept.set(bytes.toString('latin1', start, start + at), { at: start + at + 1, end });
      await pace.step();
    }
    // What was put meanwhile, or before, is known although it stands nowhere in these bytes.
    for (const id of this.#kept?.keys() ?? []) if (!kept.has(id)) kept.set(id, undefined);
    this.#kept = kept;
    return bytes;
  }
}

function idOf(digest: Digest, taken: string): string {
  return `${digest} ${taken}`;
}

/** Undefined for a line that was cut short by a crash, or is not ours. */
function parseFacts(line: string, digest: Digest): KnownFacts | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (json === 'none') return 'none';
  if (typeof json !== 'object' || json === null) return undefined;
  const { subject, descriptor, withheldBytes, children } = json as Partial<ManifestFacts>;
  const own = descriptorOf(descriptor);
  if (own?.digest !== digest || !Array.isArray(children) || !isWithheld(withheldBytes)) return undefined;
  if (subject !== undefined && !(typeof subject === 'string' && isDigest(subject))) return undefined;
  const listed = children.flatMap((child) => descriptorOf(child) ?? []);
  return listed.length === children.length ? { subject, descriptor: own, withheldBytes, children: listed } : undefined;
}

function isWithheld(bytes: unknown): bytes is number {
  return typeof bytes === 'number' && Number.isInteger(bytes) && bytes >= 0 && bytes <= maxListedAnnotationBytes;
}

/** With the members that we write, and no others: it is served as it stands. */
function descriptorOf(value: unknown): Descriptor | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { mediaType, digest, size, artifactType, annotations } = value as Partial<Descriptor>;
  if (typeof mediaType !== 'string' || !isManifestType(mediaType)) return undefined;
  if (typeof digest !== 'string' || !isDigest(digest) || typeof size !== 'number') return undefined;
  if (artifactType !== undefined && typeof artifactType !== 'string') return undefined;
  if (annotations !== undefined && !isTexts(annotations)) return undefined;
  return {
    ...{ mediaType, digest, size },
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function isTexts(value: unknown): value is Annotations {
  return typeof value === 'object' && value !== null && Object.values(value).every((each) => typeof each === 'string');
}
