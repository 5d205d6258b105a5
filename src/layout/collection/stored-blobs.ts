// The blobs of a layout with what a collection must know of their files: how old, how large, and how often they are linked.
import type { Digest } from '../../oci/digest.ts';
import type { ObjectInfo, ObjectReader, VersionLabel } from '../../storage/object-store.ts';
import { digestsIn } from '../blobs/stored-digests.ts';
import type { LayoutKeys } from '../files/keys.ts';
import { Pace } from '../pacing/pace.ts';
import type { Stamps } from './ages.ts';

export interface StoredBlob extends Stamps {
  readonly bytes: number;
  readonly links: number;
  /** The same for all links of one file; undefined where there is but one. */
  readonly file: VersionLabel | undefined;
}

export async function storedBlobs(store: ObjectReader, keys: LayoutKeys): Promise<Map<Digest, StoredBlob>> {
  const found = new Map<Digest, StoredBlob>();
  const pace = new Pace();
  for (const digest of await digestsIn(store, keys)) {
    const info = await store.stat(keys.blob(digest));
    if (info !== undefined) found.set(digest, storedBlobOf(info));
    await pace.step();
  }
  return found;
}

export function storedBlobOf({ size, hardLinks, label, modifiedAtMs, changedAtMs }: ObjectInfo): StoredBlob {
  return { bytes: size, links: hardLinks, file: hardLinks > 1 ? label : undefined, modifiedAtMs, changedAtMs };
}
