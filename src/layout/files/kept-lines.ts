// Derived facts as lines of a file that only grows, kept across restarts and shared by every server of the root. A cache and
// nothing more: what cannot be read or written is derived again.

import { LateWrite } from '../../storage/late-write.ts';
import type { Log } from '../../storage/log.ts';
import type { Key, ObjectReader, ObjectStore, OpenObject } from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';

const writeAfterMs = 500;
const newline = 10;

/** Where such files lie: within the root that they belong to, or in a place that many roots share (keys.ts). */
export interface FactsPlace {
  readonly store: ObjectStore;
  readonly directory: Key;
}

export interface KeptLinesOptions {
  readonly store: ObjectStore;
  readonly key: Key;
  /** What the lines are, in the first of them and in the log: `manifest facts`. */
  readonly kind: string;
  /** Of the form of a line: another one begins the file anew. */
  readonly version: number;
  /** A larger file is begun anew, and what is beyond is derived again. */
  readonly maxBytes: number;
  readonly log: Log;
}

export class KeptLines {
  readonly #options: KeptLinesOptions;
  #reading: Promise<Buffer> | undefined;
  #size = 0;
  /** Up to here the file was read. */
  #seen = 0;
  #isNew = false;
  /** It could not be read, and may be ours. */
  #isUnread = false;
  /** The last line was cut short by a crash: what is appended must not become a part of it. */
  #isCut = false;
  #unwritten: string[] = [];
  readonly #late = new LateWrite(() => this.#write(), writeAfterMs);
  #failed = false;

  constructor(options: KeptLinesOptions) {
    this.#options = options;
  }

  /** False when nothing more is kept. */
  get takesMore(): boolean {
    return !this.#failed && this.#size < this.#options.maxBytes;
  }

  /** The file as it is now, its first line included; empty when it is not there, or not ours. The last line may be cut short. */
  async read(): Promise<Buffer> {
    const bytes = await this.#readNow();
    this.#seen = bytes.lastIndexOf(newline) + 1;
    return bytes;
  }

  /** The whole lines that came to the file since it was read, our own included; empty when it cannot be read, or is not ours. */
  async readMore(): Promise<Buffer> {
    const { store, key, maxBytes } = this.#options;
    const object = await store.open(key).catch(unlessStorageFails);
    if (object === undefined) return Buffer.alloc(0);
    try {
      const { size } = object.info;
      // Somebody began it anew.
      if (size < this.#seen) return await this.read();
      if ((this.#isNew || this.#isUnread) && !(await this.#isOurs(object))) return Buffer.alloc(0);
      const bytes = Buffer.allocUnsafe(Math.min(size - this.#seen, maxBytes));
      const more = bytes.subarray(0, await object.readInto(bytes, this.#seen));
      const lines = more.subarray(0, more.lastIndexOf(newline) + 1);
      this.#seen += lines.byteLength;
      return lines;
    } finally {
      await object.close();
    }
  }

  /** Written a little later, together with others, and not synced. */
  add(line: string): void {
    if (!this.takesMore) return;
    this.#size += line.length + 1;
    this.#unwritten.push(`${line}\n`);
    this.#late.soon();
  }

  /** Resolves when everything that was added is written, and nothing is being written any more. */
  flush(): Promise<void> {
    return this.#late.now();
  }

  async #write(): Promise<void> {
    if (this.#unwritten.length === 0) return;
    // Whether it is ours, and ends with a whole line.
    await (this.#reading ?? this.#readNow());
    // Another process may have begun it since: beginning it anew would take away what that wrote.
    if (this.#isUnread || this.#isNew) await this.#readNow();
    const { store, key, kind, log } = this.#options;
    const bytes = Buffer.from(`${this.#isCut ? '\n' : ''}${this.#unwritten.join('')}`);
    const isNew = this.#isNew;
    this.#unwritten = [];
    this.#reading = nothingToRead;
    if (this.#isUnread) return;
    this.#isNew = false;
    this.#isCut = false;
    let isBegun = !isNew;
    try {
      if (isNew) await store.write(key, Buffer.from(this.#firstLine));
      isBegun = true;
      await store.append(key, bytes);
    } catch (error) {
      this.#isNew = !isBegun;
      if (mayPass(error)) return;
      this.#failed = true;
      log.info(`${kind} cannot be kept; they are derived anew after a restart`, { error });
    }
  }

  #readNow(): Promise<Buffer> {
    this.#reading = this.#read();
    return this.#reading;
  }

  async #read(): Promise<Buffer> {
    const { store, key, kind, maxBytes, log } = this.#options;
    let bytes: Buffer = Buffer.alloc(0);
    const wasUnread = this.#isUnread;
    this.#isUnread = false;
    try {
      const object = await store.read(key, maxBytes);
      if (object !== undefined)
        bytes = Buffer.from(object.bytes.buffer, object.bytes.byteOffset, object.bytes.byteLength);
    } catch (error) {
      this.#isUnread = mayPass(error);
      if (!wasUnread) log.info(`the kept ${kind} cannot be read; they are derived anew`, { error });
    }
    const begin = this.#firstLine;
    this.#isNew = !this.#isUnread && bytes.toString('latin1', 0, begin.length) !== begin;
    const ours = this.#isNew ? Buffer.alloc(0) : bytes;
    this.#isCut = ours.length > 0 && ours.at(-1) !== newline;
    this.#size = ours.length;
    return ours;
  }

  async #isOurs(object: OpenObject): Promise<boolean> {
    const begin = Buffer.alloc(Buffer.byteLength(this.#firstLine));
    await object.readInto(begin, 0);
    return begin.toString() === this.#firstLine;
  }

  get #firstLine(): string {
    return firstLineOf(this.#options);
  }
}

type LinesForm = Pick<KeptLinesOptions, 'kind' | 'version'>;

/** Facts are believed only where they were written: a stranger's directory may bring its own. */
function firstLineOf({ store, kind, version }: LinesForm & { readonly store: ObjectReader }): string {
  return `${JSON.stringify({ moorage: kind, version, place: store.place })}\n`;
}

/** The file as it is, for who only looks; empty when it is not there, not ours, or cannot be read. */
export async function readKeptLines(
  store: ObjectReader,
  key: Key,
  { kind, version, maxBytes }: LinesForm & Pick<KeptLinesOptions, 'maxBytes'>,
): Promise<Buffer> {
  const object = await store.read(key, maxBytes).catch(unlessStorageFails);
  if (object === undefined) return Buffer.alloc(0);
  const bytes = Buffer.from(object.bytes.buffer, object.bytes.byteOffset, object.bytes.byteLength);
  const begin = firstLineOf({ store, kind, version });
  return bytes.toString('latin1', 0, begin.length) === begin ? bytes : Buffer.alloc(0);
}

/** A full disk may have room again, and a volume come back, for what is added later. */
function mayPass(error: unknown): boolean {
  return error instanceof StorageError && (error.failure === 'no-space' || error.failure === 'unavailable');
}

/** What is wrong with the storage others tell, who need it more; the next read tries again. */
function unlessStorageFails(error: unknown): undefined {
  if (!(error instanceof StorageError)) throw error;
}

const nothingToRead = Promise.resolve(Buffer.alloc(0));

/** Where each whole line begins and ends. */
export function* spansOfLines(bytes: Buffer): Generator<readonly [start: number, end: number]> {
  let start = 0;
  for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
    yield [start, end];
    start = end + 1;
  }
}
