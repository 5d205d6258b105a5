// An image and all that belongs to it, as data: what `tree` draws and `ls` sums up.
import type { Annotations } from '../oci/annotations.ts';
import type { DescriptorReference } from '../oci/descriptor.ts';
import type { Tag } from '../oci/reference.ts';

/** What a node is to the one above it; an index or an image at the top, or as one of the platforms of an index. */
export type NodeKind = 'index' | 'image' | 'referrer' | 'attestation' | 'cosign';

export type NodeProblem =
  /** Listed, and not there: a sparse index, or a referrer that was deleted. */
  | 'missing'
  /** Stored, and no manifest that can be read. */
  | 'unreadable'
  /** Listed with a media type or a digest of which nothing can be said. */
  | 'not a manifest'
  /** Listed as a referrer by the source, and its subject is another one. */
  | 'unrelated'
  /** Stands above itself. */
  | 'cycle';

export interface ImageTreeNode {
  readonly kind: NodeKind;
  readonly digest: string;
  readonly mediaType: string;
  /** Derived from the manifest, whatever a list of referrers says; undefined for an index that states none. */
  readonly artifactType: string | undefined;
  /** By which it was found, of what cosign keeps. */
  readonly tag: Tag | undefined;
  /** `linux/arm64/v8`, as the index says, else as the config does. */
  readonly platform: string | undefined;
  /** Bytes of the manifest. */
  readonly size: number;
  /** Bytes of config and layers; of an index those of all manifests below it, each distinct blob once, without referrers. */
  readonly contentSize: number;
  /** As it was written: an annotation, else the config's. */
  readonly created: string | undefined;
  readonly annotations: Annotations;
  readonly config: DescriptorReference | undefined;
  readonly layers: readonly DescriptorReference[];
  readonly problem: NodeProblem | undefined;
  /** So many nodes were left out below this one, because the tree is too deep or too large. */
  readonly omitted: number;
  /** The manifests of an index. */
  readonly manifests: readonly ImageTreeNode[];
  /** BuildKit's attestations of this platform: manifests of the same index, no referrers. */
  readonly attestations: readonly ImageTreeNode[];
  readonly referrers: readonly ImageTreeNode[];
  /** What cosign keeps under tags for this manifest, unless it is a referrer as well. */
  readonly cosign: readonly ImageTreeNode[];
}

/** While it is being found out. */
export type NodeDraft = {
  -readonly [Member in keyof ImageTreeNode]: ImageTreeNode[Member] extends readonly ImageTreeNode[]
    ? NodeDraft[]
    : ImageTreeNode[Member];
};

export function draftOf(
  kind: NodeKind,
  { digest, mediaType, size }: DescriptorReference,
  platform?: string,
): NodeDraft {
  return {
    kind,
    digest,
    mediaType,
    artifactType: undefined,
    tag: undefined,
    platform,
    size,
    contentSize: 0,
    created: undefined,
    annotations: {},
    config: undefined,
    layers: [],
    problem: undefined,
    omitted: 0,
    manifests: [],
    attestations: [],
    referrers: [],
    cosign: [],
  };
}

/** Sets `contentSize` from the leaves up. */
export function sumContent(root: NodeDraft): void {
  const blobs = new Map<string, number>();
  const own = root.config === undefined ? root.layers : [root.config, ...root.layers];
  for (const { digest, size } of own) blobs.set(digest, size);
  for (const child of [...root.manifests, ...root.attestations, ...root.referrers, ...root.cosign]) sumContent(child);
  // Attestations of an image are beside it in the index, not a part of it.
  for (const child of root.manifests) collectBlobs(child, blobs);
  root.contentSize = [...blobs.values()].reduce((sum, size) => sum + size, 0);
}

function collectBlobs({ config, layers, manifests, attestations }: ImageTreeNode, into: Map<string, number>): void {
  if (config !== undefined) into.set(config.digest, config.size);
  for (const { digest, size } of layers) into.set(digest, size);
  for (const child of [...manifests, ...attestations]) collectBlobs(child, into);
}
