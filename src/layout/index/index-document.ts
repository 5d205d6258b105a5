// index.json as a document: lossless parse and print. We write one descriptor a line, in segments that documents share: a rewrite
// makes anew the segments that change, and a re-read parses only what differs.
import { mediaTypes } from '../../oci/media-type.ts';
import type { IndexEntry } from './index-entry.ts';
import { type IndexSegment, inRuns, printedSegment, separatorBytes } from './index-segment.ts';

/** index.json cannot be understood as it is: half written, or not an index. It is never replaced then. */
export class IndexUnreadableError extends Error {
  override readonly name = 'IndexUnreadableError';
}

/** It is whole, and of another kind: the file of a web project that lies among the repositories. */
export class ForeignIndexError extends IndexUnreadableError {}

/** The text around the entries. */
export interface AroundEntries {
  /** Before the first entry, ending in `[`. */
  readonly head: string;
  /** After the last entry, starting with `]`. */
  readonly tail: string;
}

export class IndexDocument implements AroundEntries {
  readonly head: string;
  readonly tail: string;
  readonly segments: readonly IndexSegment[];
  /** How many entries there are. */
  readonly size: number;
  readonly #written: Buffer | undefined;
  #entries: readonly IndexEntry[] | undefined;

  /** `written` is what it was parsed from where that is not our form; undefined where it is. */
  constructor({ head, tail }: AroundEntries, segments: readonly IndexSegment[], written: Buffer | undefined) {
    this.head = head;
    this.tail = tail;
    this.segments = segments;
    this.size = segments.reduce((sum, { entries }) => sum + entries.length, 0);
    this.#written = written;
  }

  /** True when it stands in the file as head, entries and tail on lines of their own. */
  get inOurForm(): boolean {
    return this.#written === undefined;
  }

  /** All of them, for questions that are about all: made once it is asked for, at a cost that grows with them. */
  get entries(): readonly IndexEntry[] {
    if (this.#entries === undefined) {
      const all: IndexEntry[] = [];
      for (const { entries } of this.segments) for (const entry of entries) all.push(entry);
      this.#entries = all;
    }
    return this.#entries;
  }

  /** What it was parsed from or printed to, in pieces that other documents share. */
  get pieces(): readonly Buffer[] {
    if (this.#written !== undefined) return [this.#written];
    const last = this.segments.length - 1;
    const lines = this.segments.map(({ bytes }, at) => (at < last ? bytes : bytes.subarray(0, -separatorBytes)));
    return [Buffer.from(`${this.head}\n`), ...lines, Buffer.from(last < 0 ? `${this.tail}\n` : `\n${this.tail}\n`)];
  }

  /** The same in one piece: copied, where it is in our form. */
  get bytes(): Buffer {
    return this.#written ?? Buffer.concat(this.pieces);
  }

  /** Whether the bytes are what it was parsed from or printed to. */
  equals(bytes: Uint8Array): boolean {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    for (const piece of this.pieces) {
      if (buffer.length - at < piece.length || buffer.compare(piece, 0, piece.length, at, at + piece.length) !== 0)
        return false;
      at += piece.length;
    }
    return at === buffer.length;
  }
}

/** A layout that nobody has written yet: `mediaType` at the top is what every reader accepts (docs/layouts.md#a-new-index). */
export const emptyIndexDocument = new IndexDocument(
  { head: `{"schemaVersion":2,"mediaType":"${mediaTypes.imageIndex}","manifests":[`, tail: ']}' },
  [],
  Buffer.alloc(0),
);

/** In our form. */
export function printIndexDocument({
  head,
  tail,
  entries,
}: AroundEntries & Pick<IndexDocument, 'entries'>): IndexDocument {
  return new IndexDocument({ head, tail }, Array.from(inRuns(entries), printedSegment), undefined);
}

/** An annotation of index.json itself. */
export function annotationOf({ head, tail }: AroundEntries, name: string): unknown {
  const { annotations } = JSON.parse(`${head}${tail}`) as { annotations?: unknown };
  return typeof annotations === 'object' && annotations !== null ? Reflect.get(annotations, name) : undefined;
}
