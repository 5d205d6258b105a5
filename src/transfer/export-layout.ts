// Lists an export in a layout, in the form of its profile and in one replacement of index.json: names replaced, everything else of index.json and manifest.json kept.

import { layoutKeys, ociLayoutBytes } from '../layout/files/keys.ts';
import { IndexUnreadableError } from '../layout/index/index-document.ts';
import { maxIndexBytes } from '../layout/index/index-limits.ts';
import { parseIndexDocument } from '../layout/index/index-parse.ts';
import { LayoutIndex } from '../layout/index/layout-index.ts';
import type { Digest } from '../oci/digest.ts';
import type { Key, ObjectReader, ObjectStore } from '../storage/object-store.ts';
import { CopyError } from './copy-error.ts';
import type { ExportRun } from './export-archive.ts';
import type { ExportContent } from './export-content.ts';
import { dockerImages, mergedDockerManifest } from './export-docker-manifest.ts';
import { type ExportEntries, emptyLayoutIndex, withExport } from './export-index.ts';
import { type ExportProfile, hasDockerManifest } from './export-profile.ts';

const keys = layoutKeys('');
const dockerManifestKey = 'manifest.json' as Key;

/** Throws CopyError, before anything is copied, for a layout that would not be what the profile promises. */
export async function assertFits(store: ObjectReader, entries: ExportEntries, profile: ExportProfile): Promise<void> {
  const found = (await store.read(keys.index, maxIndexBytes))?.bytes;
  const index = withExport(indexIn(found), entries);
  if (profile !== 'crane' || index.entries.length === 1) return;
  throw new CopyError(
    'the layout holds other images already, and one for crane holds exactly one; name a new directory',
  );
}

/** Every blob is there. Manifests and `oci-layout` first, then manifest.json, then index.json in one replacement. */
export async function listInLayout(
  content: ExportContent,
  entries: ExportEntries,
  store: ObjectStore,
  profile: ExportProfile,
  { progress, signal }: ExportRun,
): Promise<void> {
  for (const { descriptor, origin } of content.manifests.values()) {
    signal.throwIfAborted();
    const { digest } = descriptor;
    const { bytes } = await origin.source.manifest(origin.repository, { kind: 'digest', digest });
    progress.manifestFinished(descriptor, await putManifest(store, digest, bytes));
  }
  for (const { descriptor, bytes } of entries.responses) await putManifest(store, descriptor.digest, bytes);
  if ((await store.stat(keys.ociLayout)) === undefined) await store.write(keys.ociLayout, ociLayoutBytes);
  const images = hasDockerManifest(profile) ? dockerImages(content.images) : [];
  if (images.length > 0) {
    const found = (await store.read(dockerManifestKey, maxIndexBytes))?.bytes;
    await store.write(dockerManifestKey, mergedDockerManifest(found, images));
  }
  const { previous } = await store.update(keys.index, async (now) => {
    const found = now === undefined ? undefined : (await now.read(maxIndexBytes)).bytes;
    const { bytes } = withExport(indexIn(found), entries).document;
    if (found !== undefined && Buffer.compare(found, bytes) === 0) return undefined;
    return { bytes, first: [], record: () => [], note: () => [], remove: [] };
  });
  await previous?.close();
}

async function putManifest(store: ObjectStore, digest: Digest, bytes: Uint8Array): Promise<'copied' | 'present'> {
  const key = keys.blob(digest);
  const found =
    (await store.stat(key))?.size === bytes.byteLength ? await store.read(key, bytes.byteLength) : undefined;
  if (found !== undefined && Buffer.compare(found.bytes, bytes) === 0) return 'present';
  await store.write(key, bytes);
  return 'copied';
}

function indexIn(bytes: Uint8Array | undefined): LayoutIndex {
  if (bytes === undefined) return emptyLayoutIndex();
  try {
    return LayoutIndex.of(parseIndexDocument(Buffer.from(bytes), undefined));
  } catch (cause) {
    if (!(cause instanceof IndexUnreadableError)) throw cause;
    throw new CopyError('the index.json that is there cannot be read, and is left as it is', { cause });
  }
}
