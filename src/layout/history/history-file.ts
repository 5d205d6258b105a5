// The history of a layout as a file that all processes append to: what its end says, and all of it in pieces.
import type { Tag } from '../../oci/reference.ts';
import type { Key, ObjectReader, OpenObject, VersionLabel } from '../../storage/object-store.ts';
import { isSameObject } from '../../storage/version-label.ts';
import { Pace } from '../pacing/pace.ts';
import { type HistoryRecord, historyHeader, historyRecords, type SeenVersion } from './history-record.ts';
import { type TagTargets, type TargetOfTag, tagKey } from './tag-move.ts';

const tailBytes = 8 * 1024;
const pieceBytes = 1024 * 1024;
/** No record is longer: what has no end so soon was written by nobody we know. */
const longestLineBytes = 4 * 1024 * 1024;
/** Twice what a history grows to before it is trimmed, with a hundred thousand tags. */
const mostBytesRead = 256 * 1024 * 1024;
const newline = 10;

export interface HistoryEnd {
  /** In bytes. */
  readonly size: number;
  /** Undefined where the end does not say: it was cut short, or longer than what is looked at. */
  readonly seen: SeenVersion | undefined;
}

export class HistoryFile {
  readonly #store: ObjectReader;
  readonly #key: Key;
  /** As far as this process knows it: nobody else appended while the file is as long as that. */
  #known: (HistoryEnd & { readonly object: VersionLabel }) | undefined;

  constructor(store: ObjectReader, key: Key) {
    this.#store = store;
    this.#key = key;
  }

  /** One stat while only this process appends; undefined where there is none, or one that is not understood. */
  async end(): Promise<HistoryEnd | undefined> {
    const info = await this.#store.stat(this.#key);
    const known = this.#known;
    const isKnown = info?.size === known?.size && info !== undefined && known !== undefined;
    if (isKnown && isSameObject(info.label, known.object)) return known;
    this.#known = undefined;
    const object = info && (await this.#store.open(this.#key));
    if (object === undefined) return undefined;
    try {
      if (!(await begins(object))) return undefined;
      const at = Math.max(0, object.info.size - tailBytes);
      const bytes = await span(object, at, tailBytes);
      const { size, label } = object.info;
      this.#known = { size, seen: seenAtEnd(bytes), object: label };
      return this.#known;
    } finally {
      await object.close();
    }
  }

  /** So many bytes were appended by this process, which end with `seen`. */
  appended(bytes: number, seen: SeenVersion): void {
    const known = this.#known;
    this.#known = known && { ...known, size: known.size + bytes, seen };
  }

  /** What was appended, or not, is not known: the end is read again. */
  forget(): void {
    this.#known = undefined;
  }

  /** What each tag meant when the last record was written. */
  async targetsAtEnd(): Promise<TagTargets> {
    const targets = new Map<string, TargetOfTag>();
    for await (const record of this.records()) {
      if (record.kind !== 'move' && record.kind !== 'known') continue;
      const { tag, path } = record.kind === 'move' ? record.move : record.known;
      const target = record.kind === 'move' ? record.move.to : record.known.is;
      const key = tagKey({ tag, path });
      if (target === undefined) targets.delete(key);
      else targets.set(key, { tag, path, target });
    }
    return targets;
  }

  /** In the order that they were written in. With `tag` those of other tags may be left out. Empty where there is no history. */
  async *records(tag?: Tag): AsyncGenerator<HistoryRecord> {
    const object = await this.#store.open(this.#key);
    if (object === undefined) return;
    const pace = new Pace();
    try {
      if (!(await begins(object))) return;
      let length = pieceBytes;
      const size = Math.min(object.info.size, mostBytesRead);
      for (let at = 0; at < size && length <= longestLineBytes; ) {
        const bytes = await span(object, at, length);
        const end = bytes.lastIndexOf(newline) + 1;
        if (bytes.length < length && end === 0) return;
        for (const record of historyRecords(bytes.subarray(0, end), tag)) {
          await pace.step();
          yield record;
        }
        await pace.step();
        at += end;
        length = end > 0 ? pieceBytes : length * 2;
      }
    } finally {
      await object.close();
    }
  }
}

async function begins(object: OpenObject): Promise<boolean> {
  return (await span(object, 0, historyHeader.length)).toString() === historyHeader;
}

function seenAtEnd(bytes: Buffer): SeenVersion | undefined {
  if (bytes.at(-1) !== newline) return undefined;
  const start = bytes.lastIndexOf(newline, -2) + 1;
  for (const record of historyRecords(bytes.subarray(start))) return record.kind === 'seen' ? record.seen : undefined;
  return undefined;
}

async function span(object: OpenObject, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, await object.readInto(bytes, at));
}
