// Puts a tag back to what it meant: decided by its history, whole or not at all, and in a transaction as a push is.
import type { EditCondition, PutEdit } from '../layout/changes/index-edit.ts';
import { type RollbackPoint, rollbackTarget } from '../layout/history/rollback-target.ts';
import type { ImageLayout } from '../layout/image-layout.ts';
import { requiredBy } from '../layout/manifests/manifest-outline.ts';
import { readOutline } from '../layout/manifests/manifest-thread.ts';
import type { RepositoryNames } from '../layout/names/repository-names.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import { isManifestType } from '../oci/media-type.ts';
import type { Tag } from '../oci/reference.ts';
import { TagProtectedError } from '../oci/tag-protection.ts';
import type { StoredManifest, WritableManifests } from './manifests.ts';

export interface RollbackPlan {
  readonly tag: Tag;
  /** What the tag means now; undefined: nothing. */
  readonly from: Digest | undefined;
  readonly to: Digest;
  /** The manifest itself. */
  readonly manifest: StoredManifest;
  /** Manifests below it that were deleted and come back with it, each after what it leads to; the manifest itself is none of them. */
  readonly children: readonly StoredManifest[];
  /** What it leads to and nobody has any more. */
  readonly missing: readonly string[];
}

interface Found {
  readonly children: StoredManifest[];
  readonly missing: Set<string>;
  readonly seen: Set<string>;
}

/** Changes nothing. Throws MANIFEST_UNKNOWN, in words for an operator, where there is nothing to go back to. */
export async function planRollback(
  layout: ImageLayout,
  names: RepositoryNames,
  tag: Tag,
  point: RollbackPoint,
): Promise<RollbackPlan> {
  const current = await layout.findManifest(tag, names);
  const isThere = current !== undefined && (await layout.manifests.read(current.digest)) !== undefined;
  const from = isThere ? current.digest : undefined;
  const decided = rollbackTarget(await layout.history.tags(names, tag), isThere ? current : undefined, point);
  if ('refusal' in decided) throw refusal(`${tag} stays as it is: ${decided.refusal}`);
  const { digest, mediaType } = decided.target;
  if (digest === from) {
    // An earlier attempt may have been refused the last sync.
    await layout.changes?.settle();
    throw refusal(`${tag} means ${digest} already`);
  }
  const found: Found = { children: [], missing: new Set(), seen: new Set() };
  const manifest = await collect(layout, { digest, mediaType }, found);
  if (manifest === undefined) throw refusal(`${tag} stays as it is: the manifest ${digest} is gone`);
  return { tag, from, to: digest, manifest, children: found.children, missing: [...found.missing] };
}

/**
 * Throws TagProtectedError before anything is put back, and PreconditionFailedError when the tag moved since the plan was made. What was put back
 * below it stays then, without a tag, as it does where the tag became protected meanwhile: somebody may have pushed the same since.
 */
export async function rollBack(
  manifests: WritableManifests,
  plan: RollbackPlan,
  { protection, by }: Pick<PutEdit, 'protection' | 'by'> = {},
): Promise<void> {
  const { tag, from, manifest, children } = plan;
  const precondition = { match: from && [from], noneMatch: from === undefined ? ('any' as const) : undefined };
  const condition: EditCondition = { reference: tag, precondition };
  const why = from === undefined ? undefined : protection?.whyKept(tag);
  if (why !== undefined) throw new TagProtectedError(tag, why);
  for (const child of children) await manifests.putBack(child, [], { by });
  await manifests.putBack(manifest, [tag], { condition, protection, by });
}

/** Undefined when nobody has its bytes. What was deleted and is kept goes to the children, unless it is the first. */
async function collect(
  layout: ImageLayout,
  { digest, mediaType }: { readonly digest: Digest; readonly mediaType: string },
  found: Found,
): Promise<StoredManifest | undefined> {
  found.seen.add(digest);
  const isHere = (await layout.blobs.stat(digest)) !== undefined;
  const bytes = (isHere ? await layout.manifests.read(digest) : undefined) ?? (await layout.deletedManifest(digest));
  if (bytes === undefined) return undefined;
  const outline = await readOutline(bytes, digest, mediaType === '' ? undefined : mediaType);
  const childTypes = new Map<string, string>(outline.facts.children.map((child) => [child.digest, child.mediaType]));
  for (const { digest: each } of requiredBy(outline)) {
    if (!found.seen.has(each)) await look(layout, { digest: each, mediaType: childTypes.get(each) }, found);
  }
  return { digest, mediaType: outline.facts.descriptor.mediaType, bytes };
}

async function look(
  layout: ImageLayout,
  { digest, mediaType }: { readonly digest: string; readonly mediaType: string | undefined },
  found: Found,
): Promise<void> {
  found.seen.add(digest);
  if (!isDigest(digest)) return;
  if (mediaType === undefined || !isManifestType(mediaType)) {
    if ((await layout.blobs.find(digest)) === undefined) found.missing.add(digest);
    return;
  }
  const isHere = (await layout.blobs.find(digest)) !== undefined;
  const child = await collect(layout, { digest, mediaType }, found);
  if (child === undefined) found.missing.add(digest);
  else if (!isHere) found.children.push(child);
}

function refusal(message: string): RegistryError {
  return new RegistryError('MANIFEST_UNKNOWN', { message });
}
