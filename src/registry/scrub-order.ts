// Every blob file of a mount, in an order that stays the same: the pool first, where equal blobs are one file, then what the layouts have
// besides, which are manifests and what other tools wrote.
import type { BlobFile } from '../layout/blobs/blob-checks.ts';
import { type LayoutKeys, layoutKeys, poolDirectory, poolKey, poolRoot } from '../layout/files/keys.ts';
import { digestAlgorithms, isDigest } from '../oci/digest.ts';
import type { Key, ObjectReader } from '../storage/object-store.ts';
import { layoutPrefixes } from './layout-prefixes.ts';

/** Those after `at`; throws the reason of `signal` once it is aborted, and what the store throws. */
export async function* blobFilesAfter(
  store: ObjectReader,
  at: Key | undefined,
  signal: AbortSignal,
): AsyncGenerator<BlobFile> {
  const isInLayouts = at !== undefined && !at.startsWith(`${poolRoot}/`);
  if (!isInLayouts) for (const algorithm of digestAlgorithms) yield* filesIn(store, poolDirectory(algorithm), at);
  const layouts: LayoutKeys[] = [];
  for await (const prefix of layoutPrefixes(store, signal)) layouts.push(layoutKeys(prefix));
  const from = isInLayouts ? at : undefined;
  // In the order of their keys, by which a pass goes on: `a-b/blobs` comes before `a/blobs`, and `a` before `a-b`.
  for (const keys of layouts.sort((one, other) => (one.blobs('sha256') < other.blobs('sha256') ? -1 : 1))) {
    for (const algorithm of digestAlgorithms) {
      for await (const file of filesIn(store, keys.blobs(algorithm), from)) {
        signal.throwIfAborted();
        if (!(await isPooled(store, file))) yield file;
      }
    }
  }
}

async function* filesIn(store: ObjectReader, directory: Key, after: Key | undefined): AsyncGenerator<BlobFile> {
  const algorithm = directory.slice(directory.lastIndexOf('/') + 1);
  for (const { name, kind } of await store.list(directory)) {
    const key = `${directory}/${name}` as Key;
    const digest = `${algorithm}:${name}`;
    if (kind === 'object' && isDigest(digest) && (after === undefined || key > after)) yield { digest, key };
  }
}

/** Read already, under its other name. */
async function isPooled(store: ObjectReader, { digest, key }: BlobFile): Promise<boolean> {
  const info = await store.stat(key);
  if (info === undefined || info.hardLinks === 1) return false;
  return (await store.stat(poolKey(digest)))?.label === info.label;
}
