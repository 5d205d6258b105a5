// What the other repositories of a layout stand on: full names of several images share its manifests and blobs, and a delete in one
// repository must not take away what another one names.
import type { Digest } from '../../oci/digest.ts';
import { isNamedResponse } from '../index/entry-name.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import type { RepositoryNames } from '../names/repository-names.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { reachableManifests } from './reachable-manifests.ts';

/**
 * True when another repository of the layout names the manifest, or an index that holds it, or only another one names its subject; and
 * where there are too many manifests to tell.
 */
export async function isHeldElsewhere(
  manifest: { readonly digest: Digest; readonly subject: Digest | undefined },
  { index, names, manifests }: { index: LayoutIndex; names: RepositoryNames; manifests: ManifestReader },
): Promise<boolean> {
  if (index.fullNames.length === 0) return false;
  const own = names.named(index);
  const others = index.entries.filter((entry) => isName(entry) && !own.has(entry));
  if (others.length === 0) return false;
  const elsewhere = await heldBy(others, manifests);
  if (elsewhere.mayHold(manifest.digest)) return true;
  if (manifest.subject === undefined || !elsewhere.mayHold(manifest.subject)) return false;
  return !(await heldBy([...own], manifests)).holds(manifest.subject);
}

/** Not that of a referrers response, which stands for its subject: it is made again when a referrer goes. */
function isName({ name }: IndexEntry): boolean {
  return (name.kind === 'tag' || name.kind === 'full') && !isNamedResponse(name);
}

/** The manifests of these entries, and what indexes among them list, nested ones too. */
async function heldBy(entries: readonly IndexEntry[], manifests: ManifestReader) {
  const listed = new Set(entries.map(({ digest }) => digest));
  const { mediaTypes, isWhole } = await reachableManifests(entries, manifests);
  const holds = (digest: Digest) => listed.has(digest) || mediaTypes.has(digest);
  return { holds, mayHold: (digest: Digest) => !isWhole || holds(digest) };
}
