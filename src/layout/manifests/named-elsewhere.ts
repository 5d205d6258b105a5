// What the other repositories of a layout stand on: full names of several images share its manifests and blobs, and a delete in one
// repository must not take away what another one names.
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { KnownFacts } from '../../oci/manifest-facts.ts';
import { isImageIndexType } from '../../oci/media-type.ts';
import { isNamedResponse } from '../index/entry-name.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import type { RepositoryNames } from '../names/repository-names.ts';
import { Pace } from '../pacing/pace.ts';
import type { ManifestReader } from './manifest-reader.ts';

/** True when another repository of the layout names the manifest, or an index that holds it, or only another one names its subject. */
export async function isHeldElsewhere(
  manifest: { readonly digest: Digest; readonly subject: Digest | undefined },
  { index, names, manifests }: { index: LayoutIndex; names: RepositoryNames; manifests: ManifestReader },
): Promise<boolean> {
  if (index.fullNames.length === 0) return false;
  const own = names.named(index);
  const others = index.entries.filter((entry) => isName(entry) && !own.has(entry));
  if (others.length === 0) return false;
  const elsewhere = await reachedFrom(others, manifests);
  if (elsewhere.has(manifest.digest)) return true;
  if (manifest.subject === undefined || !elsewhere.has(manifest.subject)) return false;
  return !(await reachedFrom([...own], manifests)).has(manifest.subject);
}

/** Not that of a referrers response, which stands for its subject: it is made again when a referrer goes. */
function isName({ name }: IndexEntry): boolean {
  return (name.kind === 'tag' || name.kind === 'full') && !isNamedResponse(name);
}

/** The manifests of these entries, and what indexes among them list, nested ones too. */
async function reachedFrom(entries: readonly IndexEntry[], manifests: ManifestReader): Promise<ReadonlySet<Digest>> {
  const reached = new Set(entries.flatMap(({ digest }) => digest ?? []));
  // By digest, and read one after the other: what all of them list together may be more than memory holds.
  const pending: Descriptor[] = [];
  const pace = new Pace();
  const addChildren = async (facts: KnownFacts) => {
    for (const child of facts === 'none' ? [] : facts.children) {
      await pace.step();
      if (reached.has(child.digest)) continue;
      reached.add(child.digest);
      if (isImageIndexType(child.mediaType)) pending.push(child);
    }
  };
  for (const entry of entries) await addChildren(await manifests.factsOfEntry(entry));
  for (let child = pending.pop(); child !== undefined; child = pending.pop()) {
    await addChildren(await manifests.factsOfChild(child.digest, child.mediaType));
  }
  return reached;
}
