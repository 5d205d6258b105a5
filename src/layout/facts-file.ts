// What was derived from the immutable manifests of one layout, kept across restarts: nothing is parsed twice. A line for each
// manifest; the file is a cache and nothing more: when it cannot be read or written, manifests are read again.
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import type { Key, ObjectStore } from '../storage/object-store.ts';
import type { LayoutLog } from './layout-log.ts';
import type { KnownFacts, ManifestFacts } from './manifest-facts.ts';

const format = '{"moorage":"manifest facts","version":1}';
/** Some hundred thousand manifests; beyond, the file is begun anew. */
const maxBytes = 64 * 1024 * 1024;
const writeAfterMs = 500;

export class FactsFile {
  readonly #store: ObjectStore;
  readonly #key: Key;
  readonly #log: LayoutLog;
  /** Lines by what they are about; taken out when asked for, since whoever asks keeps the answer. */
  #lines: Promise<Map<string, string>> | undefined;
  #isNew = false;
  #unwritten: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #failed = false;

  constructor(store: ObjectStore, key: Key, log: LayoutLog) {
    this.#store = store;
    this.#key = key;
    this.#log = log;
  }

  /** `taken` is the media type that the manifest is referenced with, '' for none. The blob's own existence is not looked at. */
  async get(digest: Digest, taken: string): Promise<KnownFacts | undefined> {
    this.#lines ??= this.#load();
    const lines = await this.#lines;
    const id = `${digest} ${taken}`;
    const line = lines.get(id);
    if (line === undefined) return undefined;
    lines.delete(id);
    return parseFacts(line, digest);
  }

  put(digest: Digest, taken: string, facts: KnownFacts): void {
    if (this.#failed) return;
    this.#unwritten.push(`${digest} ${taken}\t${JSON.stringify(facts)}\n`);
    this.#timer ??= setTimeout(() => void this.flush(), writeAfterMs).unref();
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#unwritten.length === 0) return;
    await this.#lines;
    const bytes = Buffer.from(this.#unwritten.join(''));
    this.#unwritten = [];
    try {
      if (this.#isNew) await this.#store.write(this.#key, Buffer.from(`${format}\n`));
      this.#isNew = false;
      await this.#store.append(this.#key, bytes);
    } catch (error) {
      this.#failed = true;
      this.#log.info('facts about manifests cannot be kept; they are derived anew after a restart', { error });
    }
  }

  async #load(): Promise<Map<string, string>> {
    const lines = new Map<string, string>();
    try {
      const object = await this.#store.read(this.#key, maxBytes);
      const [first, ...rest] = object === undefined ? [] : Buffer.from(object.bytes).toString('utf8').split('\n');
      this.#isNew = first !== format;
      for (const line of this.#isNew ? [] : rest) {
        const tab = line.indexOf('\t');
        if (tab > 0) lines.set(line.slice(0, tab), line.slice(tab + 1));
      }
    } catch (error) {
      this.#isNew = true;
      this.#log.info('the facts kept about manifests cannot be read; they are derived anew', { error });
    }
    return lines;
  }
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
  const { subject, descriptor, children } = json as Partial<ManifestFacts>;
  if (!isDescriptor(descriptor) || descriptor.digest !== digest) return undefined;
  if (subject !== undefined && !(typeof subject === 'string' && isDigest(subject))) return undefined;
  if (!Array.isArray(children) || !children.every(isDescriptor)) return undefined;
  return { subject, descriptor, children };
}

function isDescriptor(value: unknown): value is Descriptor {
  if (typeof value !== 'object' || value === null) return false;
  const { mediaType, digest, size } = value as Partial<Descriptor>;
  return typeof mediaType === 'string' && typeof digest === 'string' && isDigest(digest) && Number.isSafeInteger(size);
}
