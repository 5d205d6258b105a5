// Manifests that no entry lists but an entry leads to: children of indexes, nested ones too, and of referrers responses.
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { KnownFacts } from '../../oci/manifest-facts.ts';
import { isImageIndexType } from '../../oci/media-type.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import { Pace } from '../pacing/pace.ts';
import type { ManifestReader } from './manifest-reader.ts';

/** A layout from a stranger may hold an index of indexes of indexes: what lies beyond this many manifests is not looked for. */
const maxManifests = 100_000;
/** Many indexes may list the same ones: each is read, and large ones anew for each snapshot. */
const maxChildren = 1_000_000;

/** The media type that each of them is referenced with. Every index is read once, whatever it contains, itself included. */
export async function reachableManifests(
  index: LayoutIndex,
  reader: ManifestReader,
): Promise<ReadonlyMap<Digest, string>> {
  const found = new Map<Digest, string>();
  // By digest, and read one after the other: what all of them list together may be more than memory holds.
  const pending: Descriptor[] = [];
  const pace = new Pace();
  let looked = 0;
  const isEnough = () => found.size >= maxManifests || looked >= maxChildren;
  const addChildren = async (facts: KnownFacts) => {
    for (const child of facts === 'none' ? [] : facts.children) {
      await pace.step();
      looked += 1;
      if (found.has(child.digest) || found.size >= maxManifests) continue;
      found.set(child.digest, child.mediaType);
      if (isImageIndexType(child.mediaType)) pending.push(child);
    }
  };
  for (const entry of index.entries) {
    if (isEnough()) break;
    if (entry.mediaType !== undefined && !isImageIndexType(entry.mediaType)) continue;
    await addChildren(await reader.factsOfEntry(entry));
    await pace.step();
  }
  for (let child = pending.pop(); child !== undefined && !isEnough(); child = pending.pop()) {
    await addChildren(await reader.factsOfChild(child.digest, child.mediaType));
    await pace.step();
  }
  return found;
}
