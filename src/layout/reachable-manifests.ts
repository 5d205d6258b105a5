// Manifests that no entry lists but an entry leads to: children of indexes, nested ones too, and of referrers responses.
import type { Digest } from '../oci/digest.ts';
import { isImageIndexType } from '../oci/media-type.ts';
import type { LayoutIndex } from './layout-index.ts';
import type { ManifestFacts } from './manifest-facts.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { Pace } from './pace.ts';

/** A layout from a stranger may hold an index of indexes of indexes: what lies beyond this many manifests is not looked for. */
const maxManifests = 100_000;

/** The media type that each of them is referenced with. Every index is read once, whatever it contains, itself included. */
export async function reachableManifests(
  index: LayoutIndex,
  reader: ManifestReader,
): Promise<ReadonlyMap<Digest, string>> {
  const found = new Map<Digest, string>();
  const pending: ManifestFacts[] = [];
  const pace = new Pace();
  for (const entry of index.entries) {
    if (entry.mediaType !== undefined && !isImageIndexType(entry.mediaType)) continue;
    const isNew = entry.facts === undefined;
    const facts = await reader.factsOfEntry(entry);
    if (isNew) await pace.step();
    if (facts !== 'none') pending.push(facts);
  }
  for (let facts = pending.pop(); facts !== undefined; facts = pending.pop()) {
    for (const { digest, mediaType } of facts.children) {
      if (found.has(digest) || found.size >= maxManifests) continue;
      found.set(digest, mediaType);
      if (!isImageIndexType(mediaType)) continue;
      const nested = await reader.factsOfChild(digest, mediaType);
      await pace.step();
      if (nested !== 'none') pending.push(nested);
    }
  }
  return found;
}
