// The journal as a file that other processes append to and trim: reads on from where it was read to, and finds out when it is another one.
import type { Key, ObjectReader, OpenObject, Version } from '../../storage/object-store.ts';
import { readHeader, type Span } from './journal-record.ts';

export interface Tail {
  /** True when the file was trimmed, removed or started anew: what was read before counts no more. */
  readonly isAnother: boolean;
  /** What was not read before, from `offset`; ends with a whole line. */
  readonly bytes: Buffer;
  readonly offset: number;
  /** True when something stands before it that was not read. */
  readonly isPiece: boolean;
}

/** An hour of pushes is megabytes: what a push asks is answered by the newest of them. */
const firstReadBytes = 1024 * 1024;
export const pieceBytes = 1024 * 1024;
const lineBytes = 16 * 1024;

export class JournalFile {
  protected readonly key: Key;
  /** There is one, and it was not written here. */
  protected isForeign = false;
  readonly #store: ObjectReader;
  /** As it was found last; what was read of it may have been given back since. */
  #isThere = false;
  /** Of the file as far as it was read; undefined when nothing of it was. */
  #id: string | undefined;
  #version: Version | undefined;
  #size = 0;

  constructor(store: ObjectReader, key: Key) {
    this.#store = store;
    this.key = key;
  }

  get exists(): boolean {
    return this.#isThere;
  }

  /** Bytes read so far. */
  get size(): number {
    return this.#size;
  }

  /** The first time only the end of a long file; undefined when nothing was appended since: one stat. */
  async readOn(): Promise<Tail | undefined> {
    const info = await this.#store.stat(this.key);
    if (info !== undefined && info.version === this.#version) return undefined;
    const journal = info === undefined ? undefined : await this.#store.open(this.key);
    if (journal === undefined) {
      this.#isThere = false;
      return { isAnother: this.forget(), ...nothing };
    }
    try {
      const id = await idOf(journal);
      this.isForeign = placeIn(id) !== this.#store.place;
      this.#isThere = !this.isForeign;
      if (this.isForeign) {
        // Came with the directory, from a stranger or a copy: it says what somebody else acknowledged somewhere else.
        const tail = { isAnother: this.forget(), ...nothing };
        this.#version = journal.info.version;
        return tail;
      }
      const isAnother = (id !== this.#id || journal.info.size < this.#size) && this.forget();
      const isPiece = this.#size === 0 && journal.info.size > firstReadBytes;
      const offset = isPiece ? await startOfLine(journal, journal.info.size - firstReadBytes) : this.#size;
      const bytes = await readSpan(journal, { at: offset, length: journal.info.size - offset });
      const whole = bytes.subarray(0, bytes.lastIndexOf(newline) + 1);
      this.#id = id;
      this.#size = offset + whole.length;
      this.#version = journal.info.version;
      return { isAnother, bytes: whole, offset, isPiece };
    } finally {
      await journal.close();
    }
  }

  /** Gives all that was read, from the beginning, in pieces of whole lines. False when the file is another one by now. */
  async readAgain(take: (piece: { readonly bytes: Buffer; readonly offset: number }) => void): Promise<boolean> {
    const journal = await this.#store.open(this.key);
    if (journal === undefined) return this.#id === undefined;
    try {
      if (!(await this.isSame(journal))) return this.isForeign;
      for (let at = 0, length = pieceBytes; at < this.#size; ) {
        const bytes = await readSpan(journal, { at, length: Math.min(length, this.#size - at) });
        const end = bytes.lastIndexOf(newline) + 1;
        if (end > 0) take({ bytes: bytes.subarray(0, end), offset: at });
        // A line that is longer than a piece is read with twice as much; one that has no end was cut off since.
        else if (at + bytes.length >= this.#size || bytes.length === 0) return false;
        at += end;
        length = end > 0 ? pieceBytes : length * 2;
      }
      return true;
    } finally {
      await journal.close();
    }
  }

  /** Undefined when the file is another one by now. The span is of the file as it is known when this is called. */
  async read(span: Span): Promise<Buffer | undefined> {
    for await (const bytes of this.readEach([span])) return bytes;
    return undefined;
  }

  /** The same for many, in the order that they are given in: none when the file is another one by now, and all of one file. */
  async *readEach(spans: Iterable<Span>): AsyncGenerator<Buffer> {
    const id = this.#id;
    const journal = await this.#store.open(this.key);
    if (journal === undefined) return;
    try {
      if ((await idOf(journal)) !== id) return;
      for (const span of spans) yield await readSpan(journal, span);
    } finally {
      await journal.close();
    }
  }

  /** False when it is another file than the one that was read, and while none is known. */
  protected async isSame(journal: OpenObject): Promise<boolean> {
    return (await idOf(journal)) === this.#id;
  }

  /** Reads from the start next time. */
  forget(): true {
    this.#id = undefined;
    this.#version = undefined;
    this.#size = 0;
    return true;
  }
}

const nothing = { bytes: Buffer.alloc(0), offset: 0, isPiece: false };
const newline = 10;

/** Where the first line begins that begins at `at` or later. */
async function startOfLine(journal: OpenObject, at: number): Promise<number> {
  for (let from = at; ; from += lineBytes) {
    const bytes = await readSpan(journal, { at: from, length: lineBytes });
    const end = bytes.indexOf(newline);
    if (end >= 0) return from + end + 1;
    if (bytes.length === 0) return from;
  }
}

/** Where it was begun: see `journalId`. */
function placeIn(id: string): string {
  return id.slice(id.indexOf(' ') + 1);
}

async function idOf(journal: OpenObject): Promise<string> {
  return readHeader(await readSpan(journal, { at: 0, length: 256 }));
}

export async function readSpan(journal: OpenObject, { at, length }: Span): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.max(0, length));
  const count = await journal.readInto(bytes, at);
  return bytes.subarray(0, count);
}
