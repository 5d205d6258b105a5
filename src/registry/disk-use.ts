// What everything that a mount holds takes on the disk.
import { digestsIn } from '../layout/blobs/stored-digests.ts';
import { ByteTally } from '../layout/collection/byte-tally.ts';
import type { LayoutDiskUse } from '../layout/collection/disk-use.ts';
import { storedBlobOf } from '../layout/collection/stored-blobs.ts';
import { childPrefix, layoutKeys, poolDirectory, poolKey, quarantineDirectory } from '../layout/files/keys.ts';
import { glanceAtNames } from '../layout/names/full-names.ts';
import { Pace } from '../layout/pacing/pace.ts';
import type { Key, ObjectReader, Room } from '../storage/object-store.ts';
import { layoutPrefixes } from './layout-prefixes.ts';
import { nameAbove } from './mount.ts';
import type { MountedLayouts } from './mounted-layouts.ts';

export interface RepositoryDiskUse extends LayoutDiskUse {
  readonly repository: string;
}

/** In bytes. */
export interface DiskUse {
  readonly repositories: readonly RepositoryDiskUse[];
  /** Of all of them, each file once. */
  readonly total: number;
  /** Of the pool: of blobs that no repository has any more. The rest of it are other names of what repositories have. */
  readonly poolAlone: number;
  /** What a collection would free that keeps nothing for being young. */
  readonly unreferenced: number;
  readonly uploads: number;
  readonly quarantine: number;
  /** Of the disk; undefined where that cannot be told. */
  readonly room: Room | undefined;
}

export interface DiskUseOptions {
  readonly isMeant: (prefix: string) => boolean;
  /** Bytes of what nothing leads to in what is meant, whatever its age. */
  readonly unreferenced: () => Promise<number>;
}

export async function diskUseOf(mounted: MountedLayouts, { isMeant, unreferenced }: DiskUseOptions): Promise<DiskUse> {
  const { reader } = mounted.mount;
  const tally = new ByteTally();
  const repositories: RepositoryDiskUse[] = [];
  for await (const prefix of layoutPrefixes(reader)) {
    if (!isMeant(prefix)) continue;
    const use = await mounted.at(prefix).diskUse(tally);
    const isGone = use.blobs === 0 && (await glanceAtNames(reader, layoutKeys(prefix))) === 'none';
    if (!isGone) repositories.push({ repository: nameAbove(mounted, prefix), ...use });
  }
  const staged = await reader.staged();
  return {
    repositories: repositories.sort((one, other) => (one.repository < other.repository ? -1 : 1)),
    total: tally.bytes,
    poolAlone: await poolAlone(reader),
    unreferenced: await unreferenced(),
    uploads: staged.reduce((sum, { size }) => sum + size, 0),
    quarantine: await bytesBelow(reader, quarantineDirectory),
    room: await reader.room(),
  };
}

async function poolAlone(reader: ObjectReader): Promise<number> {
  const tally = new ByteTally();
  const pace = new Pace();
  for (const digest of await digestsIn(reader, { blobs: poolDirectory })) {
    const info = await reader.stat(poolKey(digest));
    if (info?.hardLinks === 1) tally.add(storedBlobOf(info));
    await pace.step();
  }
  return tally.bytes;
}

/** A file that was put aside under several of its names counts once. */
async function bytesBelow(reader: ObjectReader, prefix: Key): Promise<number> {
  const tally = new ByteTally();
  const pending = [prefix];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    for (const { name, kind } of await reader.list(directory)) {
      const key = childPrefix(directory, name);
      if (kind === 'prefix') pending.push(key);
      const info = kind === 'object' ? await reader.stat(key) : undefined;
      if (info !== undefined) tally.add(storedBlobOf(info));
    }
  }
  return tally.bytes;
}
