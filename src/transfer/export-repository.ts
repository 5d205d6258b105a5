// Lists an export in a layout as a push does: children, referrers and their responses beside the images (profile oci).
import type { Repository } from '../registry/repository.ts';
import type { ExportRun } from './export-archive.ts';
import type { ExportContent } from './export-content.ts';

/** Manifests before tags, each in a transaction of its own: what was there under other names stays. */
export async function listInRepository(
  content: ExportContent,
  { manifests }: Pick<Repository, 'manifests'>,
  { progress, signal }: ExportRun,
): Promise<void> {
  const put = async (
    digest: ExportContent['images'][number]['digest'],
    tags: ExportContent['images'][number]['tag'][],
  ) => {
    const found = content.manifests.get(digest);
    if (found === undefined) throw new Error(`${digest} was not collected`);
    signal.throwIfAborted();
    const reference = { kind: 'digest', digest } as const;
    const { bytes, mediaType } = await found.origin.source.manifest(found.origin.repository, reference);
    const named = tags.filter((tag) => tag !== undefined);
    await manifests.put({ reference, tags: named, contentType: mediaType, bytes });
  };
  for (const { descriptor } of content.manifests.values()) {
    await put(descriptor.digest, []);
    progress.manifestFinished(descriptor, 'copied');
  }
  for (const { digest, tag } of content.images) if (tag !== undefined) await put(digest, [tag]);
}
