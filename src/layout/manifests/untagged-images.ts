// Images that no tag leads to, and nothing else either: ko and crane write several without names, buildx one without a name.
// They can be pulled by digest only, so somebody has to say their digests.
import type { Digest } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-type.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import type { RepositoryNames } from '../names/repository-names.ts';
import { Pace } from '../pacing/pace.ts';
import type { ManifestReader } from './manifest-reader.ts';
import type { Reachable } from './reachable-manifests.ts';

export interface UntaggedImagesOptions {
  readonly index: LayoutIndex;
  readonly names: RepositoryNames;
  readonly manifests: ManifestReader;
  /** What indexes list: asked once, and only where there is an image without a tag. */
  readonly reachable: () => Promise<Reachable>;
}

/**
 * In the order of the file; each manifest was there. Referrers, children and responses are no images of their own. Beside tags an
 * entry with a time of creation is left out: it is ours, or lost its name to us, and whoever moved the tag meant it to go.
 */
export async function untaggedImages(options: UntaggedImagesOptions): Promise<readonly Digest[]> {
  const { index, names, manifests, reachable } = options;
  const candidates = names.untagged(index);
  // Of most layouts, however many tags they have: nothing else is worked out for them.
  if (candidates.length === 0) return [];
  const hasTags = (names.tags(index) ?? index.tags()).length > 0;
  const tagged = names.taggedDigests(index);
  const found = new Set<Digest>();
  let children: Reachable['mediaTypes'] | undefined;
  const pace = new Pace();
  for (const entry of candidates) {
    const { digest } = entry;
    if (digest === undefined || found.has(digest) || tagged.has(digest) || !mayBeImage(entry)) continue;
    if (hasTags && !entry.isNamed && entry.createdAt !== undefined) continue;
    const facts = await manifests.factsOfEntry(entry);
    await pace.step();
    if (facts === 'none' || facts.subject !== undefined) continue;
    children ??= (await reachable()).mediaTypes;
    if (!children.has(digest)) found.add(digest);
  }
  return [...found];
}

function mayBeImage({ name, mediaType, subject, responseFor }: IndexEntry): boolean {
  if (name.kind === 'auxiliary' || subject !== undefined || responseFor !== undefined) return false;
  return mediaType === undefined || isManifestType(mediaType);
}
