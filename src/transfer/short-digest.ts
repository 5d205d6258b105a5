// A digest as `moorage ls` prints it, short, becomes the one that is meant: as git and docker take the beginning of a name.
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { Reference, RepositoryName } from '../oci/reference.ts';
import { forEachConcurrently } from './copy-concurrently.ts';
import type { ImageSource } from './image-source.ts';
import { imageTree } from './image-tree.ts';
import type { ImageTreeNode } from './image-tree-node.ts';
import { manifestIfThere } from './manifest-if-there.ts';
import type { WrittenReference } from './source-reference.ts';

/** So many tags at a time. */
const concurrency = 4;

/**
 * The only digest of a repository that begins so: of its tags and of what has none first, else of what belongs to those.
 * Throws MANIFEST_UNKNOWN where there is none, or several.
 */
export async function resolveReference(
  source: ImageSource,
  name: RepositoryName,
  written: WrittenReference,
): Promise<Reference> {
  if (written.kind !== 'short-digest') return written;
  const images = await imagesOf(source, name);
  const among = (digests: Iterable<string>) => [...new Set(digests)].filter((digest) => begins(digest, written.text));
  const direct = among(images);
  const found = direct.length > 0 ? direct : among(await below(source, name, images));
  const [only] = found;
  if (only !== undefined && found.length === 1) return { kind: 'digest', digest: only as Digest };
  const message =
    only === undefined
      ? `no manifest of ${name} in ${source.description} has a digest that begins with ${written.text}`
      : `${found.length} manifests of ${name} have a digest that begins with ${written.text}: ${found.slice(0, 3).join(', ')}`;
  throw new RegistryError('MANIFEST_UNKNOWN', { message });
}

function begins(digest: string, text: string): boolean {
  return digest.startsWith(text) || (!text.includes(':') && digest.slice(digest.indexOf(':') + 1).startsWith(text));
}

async function imagesOf(source: ImageSource, name: RepositoryName): Promise<readonly Digest[]> {
  const found = [...(await source.untagged(name))];
  await forEachConcurrently(await source.tags(name), concurrency, undefined, async (tag) => {
    const digest = (await manifestIfThere(source, name, { kind: 'tag', tag }))?.digest;
    if (digest !== undefined) found.push(digest);
  });
  return found;
}

/** Platforms, attestations and referrers: what `moorage tree` prints. */
async function below(source: ImageSource, name: RepositoryName, images: readonly Digest[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const digest of new Set(images)) {
    for (const node of nodesOf(await imageTree(source, name, { kind: 'digest', digest }))) found.push(node.digest);
  }
  return found;
}

function* nodesOf(node: ImageTreeNode): Generator<ImageTreeNode> {
  yield node;
  for (const each of [...node.manifests, ...node.attestations, ...node.referrers]) yield* nodesOf(each);
}
