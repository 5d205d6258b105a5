// Manifests that no entry lists but an entry leads to: children of indexes, nested ones too, and of referrers responses.
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { KnownFacts } from '../../oci/manifest-facts.ts';
import { isImageIndexType } from '../../oci/media-type.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { ManifestWalk } from './manifest-walk.ts';

/** Many indexes may list the same ones: each is read, and large ones anew for each snapshot. */
const maxChildren = 1_000_000;

export interface Reachable {
  /** The media type that each of them is referenced with. */
  readonly mediaTypes: ReadonlyMap<Digest, string>;
  /** False for a layout of a stranger that lists more than anybody looks for. */
  readonly isWhole: boolean;
}

/** Every index is read once, whatever it contains, itself included. */
export async function reachableManifests(entries: Iterable<IndexEntry>, reader: ManifestReader): Promise<Reachable> {
  const mediaTypes = new Map<Digest, string>();
  const walk = new ManifestWalk<Descriptor>();
  let listed = 0;
  const isWhole = () => walk.isWhole && listed < maxChildren;
  const addChildren = async (facts: KnownFacts) => {
    const children = facts === 'none' ? [] : facts.children;
    listed += children.length;
    await walk.add(children);
  };
  for (const entry of entries) {
    if (!isWhole()) break;
    if (entry.mediaType === undefined || isImageIndexType(entry.mediaType)) {
      await addChildren(await reader.factsOfEntry(entry));
    }
  }
  for await (const { digest, mediaType } of walk) {
    mediaTypes.set(digest, mediaType);
    if (isWhole() && isImageIndexType(mediaType)) await addChildren(await reader.factsOfChild(digest, mediaType));
  }
  return { mediaTypes, isWhole: isWhole() };
}
