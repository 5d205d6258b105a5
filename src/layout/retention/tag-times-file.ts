// Reads the times of pushes and pulls of one layout, and writes them anew once most lines say nothing more.
import type { Key, ObjectReader, ObjectStore } from '../../storage/object-store.ts';
import { type KnownTimes, parseTagTimes, printKnownTimes } from './tag-time-lines.ts';

/** Of 10,000 tags that are pulled every hour, two months. Throws ('too-large') beyond: nobody can tell then what may go. */
const maxBytes = 64 * 1024 * 1024;
/** Less is left as it is. */
const tidyFromBytes = 256 * 1024;

export async function readTagTimes(store: ObjectReader, key: Key): Promise<KnownTimes> {
  const object = await store.read(key, maxBytes);
  return parseTagTimes(object === undefined ? '' : textOf(object.bytes));
}

/** By the collection, beside servers that append: a line that comes while it is written makes it begin again. */
export async function tidyTagTimes(store: ObjectStore, key: Key, isWanted: (of: string) => boolean): Promise<void> {
  const info = await store.stat(key);
  if (info === undefined || info.size < tidyFromBytes) return;
  const updated = await store.update(key, async (now) => {
    const object = await now?.read(maxBytes);
    if (object === undefined) return undefined;
    const { pushes, pulls } = parseTagTimes(textOf(object.bytes));
    const wanted = (known: ReadonlyMap<string, number>) => new Map([...known].filter(([of]) => isWanted(of)));
    const bytes = Buffer.from(printKnownTimes({ pushes: wanted(pushes), pulls: wanted(pulls) }));
    return bytes.byteLength * 2 > object.bytes.byteLength
      ? undefined
      : { bytes, first: [], record: () => [], remove: [] };
  });
  await updated.previous?.close();
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
