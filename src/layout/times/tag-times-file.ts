// Reads the times of pushes and pulls of one layout, and writes them anew once most lines say nothing more.
import type { Key, ObjectReader, ObjectStore, Version } from '../../storage/object-store.ts';
import { type KnownTimes, parseTagTimes, printKnownTimes } from './tag-time-lines.ts';

/** Of 10,000 tags that are pulled every hour, two months. Throws ('too-large') beyond: nobody can tell then what may go. */
const maxBytes = 64 * 1024 * 1024;
/** Less is left as it is. */
const tidyFromBytes = 256 * 1024;

export class TagTimesFile {
  readonly #store: ObjectReader;
  readonly #key: Key;
  #version: Version | undefined;
  #known: KnownTimes = parseTagTimes('');

  constructor(store: ObjectReader, key: Key) {
    this.#store = store;
    this.#key = key;
  }

  /** As they are now: one stat while nobody adds to them. */
  async read(): Promise<KnownTimes> {
    const info = await this.#store.stat(this.#key);
    if (info?.version === this.#version) return this.#known;
    const object = await this.#store.read(this.#key, maxBytes);
    this.#version = object?.info.settled === true ? object.info.version : undefined;
    this.#known = parseTagTimes(object === undefined ? '' : textOf(object.bytes));
    return this.#known;
  }
}

/** By the collection, beside servers that append: a line that comes while it is written makes it begin again. */
export async function tidyTagTimes(store: ObjectStore, key: Key, isWanted: (of: string) => boolean): Promise<void> {
  const info = await store.stat(key);
  if (info === undefined || info.size < tidyFromBytes) return;
  let readBytes = 0;
  const { previous } = await store.update(key, async (now) => {
    const object = await now?.read(maxBytes);
    if (object === undefined) return undefined;
    readBytes = object.bytes.byteLength;
    const { pushes, pulls } = parseTagTimes(textOf(object.bytes));
    const wanted = (known: ReadonlyMap<string, number>) => new Map([...known].filter(([of]) => isWanted(of)));
    const bytes = Buffer.from(printKnownTimes({ pushes: wanted(pushes), pulls: wanted(pulls) }));
    return bytes.byteLength * 2 > object.bytes.byteLength
      ? undefined
      : { bytes, first: [], record: () => [], note: () => [], remove: [] };
  });
  try {
    // Appended between the last look at the file and its replacement.
    const late = (await previous?.readIfChanged(maxBytes))?.bytes.subarray(readBytes);
    if (late !== undefined && late.byteLength > 0) await store.append(key, late);
  } finally {
    await previous?.close();
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
