// Images that no tag leads to, and nothing else either: ko and crane write several without names, buildx one without a name.
// They can be pulled by digest only, so somebody has to say their digests.
import type { Digest } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-type.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import type { RepositoryNames } from '../names/repository-names.ts';
import { Pace } from '../pacing/pace.ts';
import type { ManifestReader } from './manifest-reader.ts';

export interface UntaggedImagesOptions {
  readonly index: LayoutIndex;
  readonly names: RepositoryNames;
  readonly manifests: ManifestReader;
  /** True for what an index lists. */
  readonly isChild: (digest: Digest) => Promise<boolean>;
}

/**
 * In the order of the file; each manifest was there. Referrers, children and responses are no images of their own. Beside tags an
 * entry with a time of creation is left out: it is ours, or lost its name to us, and whoever moved the tag meant it to go.
 */
export async function untaggedImages(options: UntaggedImagesOptions): Promise<readonly Digest[]> {
  const { index, names, manifests, isChild } = options;
  const hasTags = (names.tags(index) ?? index.tags()).length > 0;
  const tagged = names.taggedDigests(index);
  const found = new Set<Digest>();
  const pace = new Pace();
  for (const entry of names.untagged(index)) {
    const { digest } = entry;
    if (digest === undefined || found.has(digest) || tagged.has(digest) || !mayBeImage(entry)) continue;
    if (hasTags && !entry.isNamed && entry.createdAt !== undefined) continue;
    const facts = await manifests.factsOfEntry(entry);
    if (facts !== 'none' && facts.subject === undefined && !(await isChild(digest))) found.add(digest);
    await pace.step();
  }
  return [...found];
}

function mayBeImage({ name, mediaType, subject, responseFor }: IndexEntry): boolean {
  if (name.kind === 'auxiliary' || subject !== undefined || responseFor !== undefined) return false;
  return mediaType === undefined || isManifestType(mediaType);
}
