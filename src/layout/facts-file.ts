// What was derived from the immutable manifests of one layout, kept across restarts: nothing is parsed twice. A line for each
// manifest; the file is a cache and nothing more: when it cannot be read or written, manifests are read again.
import type { Annotations } from '../oci/annotations.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { isManifestType } from '../oci/media-type.ts';
import type { Key, ObjectStore } from '../storage/object-store.ts';
import type { LayoutLog } from './layout-log.ts';
import { type KnownFacts, type ManifestFacts, maxListedAnnotationBytes } from './manifest-facts.ts';

/** The first line. Facts are believed only where they were written: a stranger's directory may bring its own. */
function formatOf({ place }: ObjectStore): string {
  return JSON.stringify({ moorage: 'manifest facts', version: 2, place });
}

/** Some hundred thousand manifests; what is beyond is derived again, and a larger file is begun anew. */
const maxBytes = 64 * 1024 * 1024;
/** A longer line would take too long to parse each time, and leave no room for others: such an index is read again. */
const maxChildren = 1_000;
const writeAfterMs = 500;
/** The file is asked for all at once, after a start and after a change, and then not for long. */
const forgetAfterMs = 10_000;
const newline = 10;
const tab = 9;

interface Span {
  readonly at: number;
  readonly end: number;
}

export class FactsFile {
  readonly #store: ObjectStore;
  readonly #key: Key;
  readonly #log: LayoutLog;
  /** What the file holds; undefined where this process wrote it and knows it still, or had no reason to look again. */
  #kept: Map<string, Span | undefined> | undefined;
  /** The file as it was read; undefined when nobody asked for long. */
  #bytes: Promise<Buffer> | undefined;
  #size = 0;
  #isNew = false;
  /** The last line was cut short by a crash: what is appended must not become a part of it. */
  #isCut = false;
  #unwritten: string[] = [];
  #writing: NodeJS.Timeout | undefined;
  #forgetting: NodeJS.Timeout | undefined;
  #failed = false;

  constructor(store: ObjectStore, key: Key, log: LayoutLog) {
    this.#store = store;
    this.#key = key;
    this.#log = log;
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
    if (this.#failed || this.#size >= maxBytes || this.#kept?.has(id)) return;
    if (facts !== 'none' && facts.children.length > maxChildren) return;
    this.#kept?.set(id, undefined);
    const line = `${id}\t${JSON.stringify(facts)}\n`;
    this.#size += line.length;
    this.#unwritten.push(line);
    this.#writing ??= setTimeout(() => void this.flush(), writeAfterMs).unref();
  }

  async flush(): Promise<void> {
    clearTimeout(this.#writing);
    this.#writing = undefined;
    if (this.#unwritten.length === 0) return;
    await this.#bytes;
    const bytes = Buffer.from(`${this.#isCut ? '\n' : ''}${this.#unwritten.join('')}`);
    const isNew = this.#isNew;
    this.#unwritten = [];
    this.#isNew = false;
    this.#isCut = false;
    try {
      if (isNew) await this.#store.write(this.#key, Buffer.from(`${formatOf(this.#store)}\n`));
      await this.#store.append(this.#key, bytes);
    } catch (error) {
      this.#failed = true;
      this.#log.info('facts about manifests cannot be kept; they are derived anew after a restart', { error });
    }
  }

  #forget(): void {
    this.#bytes = undefined;
    this.#forgetting = undefined;
  }

  async #load(): Promise<Buffer> {
    const bytes = await this.#read();
    const kept = new Map<string, Span | undefined>(Array.from(this.#kept ?? [], ([id]) => [id, undefined]));
    let start = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      const at = bytes.subarray(start, end).indexOf(tab);
      if (at > 0) kept.set(bytes.toString('latin1', start, start + at), { at: start + at + 1, end });
      start = end + 1;
    }
    this.#kept = kept;
    this.#isCut = start < bytes.length;
    this.#size = bytes.length;
    return bytes;
  }

  /** Empty for a file that is not there, or not ours. */
  async #read(): Promise<Buffer> {
    let bytes: Buffer = Buffer.alloc(0);
    try {
      const object = await this.#store.read(this.#key, maxBytes);
      if (object !== undefined)
        bytes = Buffer.from(object.bytes.buffer, object.bytes.byteOffset, object.bytes.byteLength);
    } catch (error) {
      this.#log.info('the facts kept about manifests cannot be read; they are derived anew', { error });
    }
    const begin = `${formatOf(this.#store)}\n`;
    this.#isNew = bytes.toString('latin1', 0, begin.length) !== begin;
    return this.#isNew ? Buffer.alloc(0) : bytes;
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
