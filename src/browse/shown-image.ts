// One image with all that belongs to it: platforms, layers, attestations, referrers, and the tags that lead to it.
import { parseDigest } from '../oci/digest.ts';
import type { Reference, RepositoryName, Tag } from '../oci/reference.ts';
import type { Registry } from '../registry/registry.ts';
import { defaultTreeOptions, imageTree } from '../transfer/image-tree.ts';
import type { ImageTreeNode } from '../transfer/image-tree-node.ts';
import { LookingSource } from './looking-source.ts';

export interface ShownImage {
  readonly name: RepositoryName;
  /** The first tags of its digest, in byte order. */
  readonly tags: readonly Tag[];
  /** How many it has besides. */
  readonly moreTags: number;
  readonly image: ImageTreeNode;
}

/** A page with more than that helps nobody; `omitted` says how many are left out. */
const mostNodes = 500;
const mostTags = 100;

/** Throws NAME_UNKNOWN, MANIFEST_UNKNOWN, and the reason of `signal`. */
export async function showImage(
  registry: Registry,
  name: RepositoryName,
  reference: Reference,
  signal?: AbortSignal,
): Promise<ShownImage> {
  const options = { ...defaultTreeOptions, maxNodes: mostNodes, signal };
  const image = await imageTree(new LookingSource(registry), name, reference, options);
  const { removals } = await registry.repository(name);
  const plan = await removals.of({ kind: 'digest', digest: parseDigest(image.digest) });
  const tags = plan.kind === 'manifest' ? plan.tags : [];
  return { name, tags: tags.slice(0, mostTags), moreTags: Math.max(0, tags.length - mostTags), image };
}
