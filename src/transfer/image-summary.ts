// One line about each tag of a repository: what it is, for which platforms, how large and how old.
import type { Digest } from '../oci/digest.ts';
import { isArtifactManifestType, isImageConfigType } from '../oci/media-type.ts';
import type { RepositoryName, Tag } from '../oci/reference.ts';
import { forEachConcurrently } from './copy-concurrently.ts';
import type { ImageSource } from './image-source.ts';
import { defaultTreeOptions, imageTree } from './image-tree.ts';
import type { ImageTreeNode } from './image-tree-node.ts';
import { manifestIfThere } from './manifest-if-there.ts';

export interface ImageSummary {
  readonly digest: Digest;
  readonly mediaType: string;
  /** An artifact is an image manifest whose config is no image's, or that states an artifactType. */
  readonly type: 'index' | 'image' | 'artifact';
  readonly artifactType: string | undefined;
  readonly platforms: readonly string[];
  /** Bytes of config and layers of all platforms, each distinct blob once. */
  readonly contentSize: number;
  readonly created: string | undefined;
  /** Listed manifests that are not there: a sparse index. */
  readonly missing: number;
  /** Manifests that were not looked at, since there are too many. */
  readonly omitted: number;
}

export interface TagSummary {
  readonly tag: Tag;
  /** Undefined when the tag is listed and what it names is not there. */
  readonly image: ImageSummary | undefined;
}

/** How much is looked at, and for whom. */
export interface SummaryOptions {
  /** Of each tag, index and images together. */
  readonly maxNodes: number;
  readonly signal?: AbortSignal | undefined;
}

const thorough: SummaryOptions = { maxNodes: defaultTreeOptions.maxNodes };

/** So many tags at a time, each with so many requests. */
const tagsAtATime = 4;
const requestsPerTag = 3;

/** In the order of `tags`. Tags of one image cost one reading. Throws the reason of `signal`. */
export async function summarizeTags(
  source: ImageSource,
  name: RepositoryName,
  tags: readonly Tag[],
  options: SummaryOptions = thorough,
): Promise<readonly TagSummary[]> {
  const byDigest = new Map<Digest, Promise<ImageSummary>>();
  const byTag = new Map<Tag, ImageSummary>();
  await forEachConcurrently(tags, tagsAtATime, options.signal, async (tag) => {
    const digest = (await manifestIfThere(source, name, { kind: 'tag', tag }))?.digest;
    if (digest === undefined) return;
    const summary = byDigest.get(digest) ?? summarize(source, name, digest, options);
    byDigest.set(digest, summary);
    byTag.set(tag, await summary);
  });
  return tags.map((tag) => ({ tag, image: byTag.get(tag) }));
}

/** In the order of `digests`, without what is not there. */
export async function summarizeDigests(
  source: ImageSource,
  name: RepositoryName,
  digests: readonly Digest[],
): Promise<readonly ImageSummary[]> {
  const found = new Map<Digest, ImageSummary>();
  await forEachConcurrently(digests, tagsAtATime, undefined, async (digest) => {
    found.set(digest, await summarize(source, name, digest, thorough));
  });
  return digests.flatMap((digest) => found.get(digest) ?? []);
}

async function summarize(
  source: ImageSource,
  name: RepositoryName,
  digest: Digest,
  { maxNodes, signal }: SummaryOptions,
): Promise<ImageSummary> {
  const options = { ...defaultTreeOptions, referrers: false, concurrency: requestsPerTag, maxNodes, signal };
  const root = await imageTree(source, name, { kind: 'digest', digest }, options);
  const below = [...images(root)];
  return {
    digest,
    mediaType: root.mediaType,
    type: typeOf(root),
    artifactType: root.artifactType,
    platforms: [...new Set(below.flatMap(({ platform }) => platform ?? []))],
    contentSize: root.contentSize,
    created: root.created ?? below.map(({ created }) => created).find((created) => created !== undefined),
    missing: below.filter(({ problem }) => problem === 'missing').length,
    omitted: omittedBelow(root),
  };
}

function typeOf({ kind, mediaType, config, artifactType }: ImageTreeNode): ImageSummary['type'] {
  if (kind === 'index') return 'index';
  if (isArtifactManifestType(mediaType)) return 'artifact';
  if (config === undefined || (isImageConfigType(config.mediaType) && artifactType === config.mediaType))
    return 'image';
  return 'artifact';
}

function omittedBelow({ omitted, manifests }: ImageTreeNode): number {
  return manifests.reduce((sum, child) => sum + omittedBelow(child), omitted);
}

/** The images themselves, without indexes and attestations. */
function* images(node: ImageTreeNode): Generator<ImageTreeNode> {
  if (node.kind === 'image') yield node;
  for (const child of node.manifests) yield* images(child);
}
