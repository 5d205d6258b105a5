// Lists an export in a layout as pushes do, so that what is there under other names stays, with its referrers (profile oci).
import type { Digest } from '../oci/digest.ts';
import type { Tag } from '../oci/reference.ts';
import type { WritableRepository } from '../registry/repository.ts';
import { ManifestBatch } from './copy-manifests.ts';
import type { ExportRun } from './export-archive.ts';
import type { ExportContent } from './export-content.ts';
import type { SourceManifest } from './image-source.ts';

/** Every blob is there. Manifests before tags. */
export async function listInRepository(
  content: ExportContent,
  repository: Pick<WritableRepository, 'manifests'>,
  { progress, signal }: ExportRun,
): Promise<void> {
  const batch = new ManifestBatch(repository);
  for (const { descriptor } of content.manifests.values()) {
    signal.throwIfAborted();
    await batch.add(await manifestOf(content, descriptor.digest));
    progress.manifestFinished(descriptor, 'copied');
  }
  for (const refusal of (await batch.flush()).values()) throw refusal;
  const tagged: [SourceManifest, Tag][] = [];
  for (const { digest, tag } of content.images) {
    if (tag !== undefined) tagged.push([await manifestOf(content, digest), tag]);
  }
  await batch.tag(tagged);
}

/** As it was collected. */
export async function manifestOf({ manifests }: ExportContent, digest: Digest): Promise<SourceManifest> {
  const found = manifests.get(digest);
  if (found === undefined) throw new Error(`${digest} was not collected`);
  const { source, repository } = found.origin;
  const { bytes } = await source.manifest(repository, { kind: 'digest', digest });
  return { digest, bytes, mediaType: found.descriptor.mediaType };
}
