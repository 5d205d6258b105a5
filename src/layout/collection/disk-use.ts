// What the blobs of a layout take on the disk: what would be free without the layout, and what others have as well.
import type { ObjectReader } from '../../storage/object-store.ts';
import { type LayoutKeys, poolKey } from '../files/keys.ts';
import { Pace } from '../pacing/pace.ts';
import { ByteTally } from './byte-tally.ts';
import { storedBlobs } from './stored-blobs.ts';

/** In bytes. */
export interface LayoutDiskUse {
  /** Free once the layout is gone: of files that have no other name, but for that in the pool. */
  readonly alone: number;
  /** Of files that have a name elsewhere, too: in another repository of the root, or in a copy by hard links. */
  readonly shared: number;
  readonly blobs: number;
}

/** `all` counts every file once, whichever layouts have it. */
export async function layoutDiskUse(store: ObjectReader, keys: LayoutKeys, all: ByteTally): Promise<LayoutDiskUse> {
  const own = new ByteTally();
  const others = new ByteTally();
  const pace = new Pace();
  const stored = await storedBlobs(store, keys);
  for (const [digest, blob] of stored) {
    await pace.step();
    all.add(blob);
    const isPooled = blob.file !== undefined && (await store.stat(poolKey(digest)))?.label === blob.file;
    const isAlone = blob.links === 1 || (blob.links === 2 && isPooled);
    (isAlone ? own : others).add(blob);
  }
  return { alone: own.bytes, shared: others.bytes, blobs: stored.size };
}
