// Images without a name: what a person has to know of them is the digest.
import type { LayoutIndex } from '../../layout/index/layout-index.ts';
import type { ManifestReader } from '../../layout/manifests/manifest-reader.ts';
import { reachableManifests } from '../../layout/manifests/reachable-manifests.ts';
import { untaggedImages } from '../../layout/manifests/untagged-images.ts';
import type { NameRules } from '../../layout/names/name-rules.ts';
import { LayoutNames } from '../../layout/names/repository-names.ts';
import type { FindingList } from './finding-list.ts';

/** `own` is the name that the layout is served under. Those with a name that means no tag were told with it. */
export async function findUntagged(
  index: LayoutIndex,
  own: string,
  rules: NameRules,
  manifests: ManifestReader,
  findings: FindingList,
): Promise<void> {
  const names = new LayoutNames(own, rules).of('');
  const reachable = () => reachableManifests(index.entries, manifests);
  for (const digest of await untaggedImages({ index, names, manifests, reachable })) {
    if (index.listed(digest).every(({ isNamed }) => !isNamed)) findings.add('untagged-image', { digest });
  }
}
