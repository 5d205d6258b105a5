// An export as a tar: oci-layout, the blobs in the order of their digests, index.json, manifest.json. Every blob is read once and
// checked while it is written; a wrong one ends the export and nothing of it stays.
import { ociLayoutBytes } from '../layout/files/keys.ts';
import { algorithmOf, type Digest, Digester } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { ArchiveCompression } from './archive-name.ts';
import { type ArchiveDirectory, type ArchivedFile, tarBytes } from './archive-writer.ts';
import { writeArchive } from './archive-writer-file.ts';
import { blobBytes } from './copy-content.ts';
import { CopyError, WrongContentError } from './copy-error.ts';
import type { ExportContent, ExportedBlob, ExportedManifest } from './export-content.ts';
import { blobPath, dockerImages, mergedDockerManifest } from './export-docker-manifest.ts';
import { emptyLayoutIndex, exportEntries, withExport } from './export-index.ts';
import { type ExportProfile, hasDockerManifest } from './export-profile.ts';
import type { CopyProgress } from './progress.ts';

export type ArchiveTarget =
  | { readonly kind: 'archive'; readonly path: string; readonly compression: ArchiveCompression }
  /** Nothing can be taken back there: whoever reads it finds a tar that breaks off. */
  | { readonly kind: 'stream'; write(bytes: AsyncIterable<Uint8Array>): Promise<void> };

export interface ExportRun {
  readonly progress: CopyProgress;
  readonly signal: AbortSignal;
}

/** Throws what `writeArchive` does, WrongContentError, and CopyError for content that the profile cannot hold. */
export async function exportArchive(
  content: ExportContent,
  profile: ExportProfile,
  target: ArchiveTarget,
  run: ExportRun,
): Promise<void> {
  const entries = exportEntries(content, profile);
  const files = contentFiles(content, run);
  for (const { descriptor, bytes } of entries.responses) {
    files.set(descriptor.digest, () => oneFile({ path: blobPath(descriptor.digest), bytes }));
  }
  const tail = [{ path: 'index.json', bytes: withExport(emptyLayoutIndex(), entries).document.bytes }];
  const images = hasDockerManifest(profile) ? dockerImages(content.images) : [];
  if (images.length > 0) tail.push({ path: 'manifest.json', bytes: mergedDockerManifest(undefined, images) });
  const bytes = tarBytes(layoutEntries(files, tail));
  if (target.kind === 'stream') await target.write(bytes);
  else await writeArchive(target.path, bytes, { compression: target.compression, signal: run.signal });
}

interface SmallFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

type MakeFile = () => AsyncIterable<ArchivedFile>;

async function* oneFile({ path, bytes }: SmallFile): AsyncGenerator<ArchivedFile> {
  yield { kind: 'file', path, size: bytes.byteLength, content: [bytes] };
}

async function* layoutEntries(
  files: ReadonlyMap<Digest, MakeFile>,
  tail: readonly SmallFile[],
): AsyncGenerator<ArchiveDirectory | ArchivedFile> {
  yield* oneFile({ path: 'oci-layout', bytes: ociLayoutBytes });
  yield { kind: 'directory', path: 'blobs/' };
  let directory = '';
  for (const [digest, make] of [...files].sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (algorithmOf(digest) !== directory) {
      directory = algorithmOf(digest);
      yield { kind: 'directory', path: `blobs/${directory}/` };
    }
    yield* make();
  }
  for (const file of tail) yield* oneFile(file);
}

function contentFiles(content: ExportContent, run: ExportRun): Map<Digest, MakeFile> {
  const files = new Map<Digest, MakeFile>();
  for (const [digest, manifest] of content.manifests) files.set(digest, () => manifestFile(manifest, run));
  // A manifest that another names as a blob is the same bytes.
  for (const [digest, blob] of content.blobs) if (!files.has(digest)) files.set(digest, () => blobFile(blob, run));
  return files;
}

async function* manifestFile(
  { descriptor: { digest, size }, origin }: ExportedManifest,
  { progress }: ExportRun,
): AsyncGenerator<ArchivedFile> {
  const { bytes } = await origin.source.manifest(origin.repository, { kind: 'digest', digest });
  yield* oneFile({ path: blobPath(digest), bytes });
  progress.manifestFinished({ digest, size }, 'copied');
}

async function* blobFile(blob: ExportedBlob, run: ExportRun): AsyncGenerator<ArchivedFile> {
  const { digest, size, origin } = blob;
  run.progress.blobStarted(blob, 0);
  const content = verifiedBytes(blob, run);
  // Asked for its first bytes before its header is written, which could not be taken back.
  const first = await beginning(blob, content);
  if (first === undefined) {
    run.progress.note(`${digest} is non-distributable and not in ${origin.source.description}: left out`);
    return;
  }
  yield { kind: 'file', path: blobPath(digest), size, content: continued(first, content) };
  run.progress.blobFinished(blob, 'copied');
}

async function beginning(
  { digest, optional, origin }: ExportedBlob,
  content: AsyncIterator<Uint8Array>,
): Promise<IteratorResult<Uint8Array> | undefined> {
  try {
    return await content.next();
  } catch (cause) {
    if (!(cause instanceof RegistryError && cause.code === 'BLOB_UNKNOWN')) throw cause;
    if (optional) return undefined;
    throw new CopyError(`${origin.source.description} (${origin.repository}) does not have the blob ${digest}`, {
      cause,
    });
  }
}

async function* continued(first: IteratorResult<Uint8Array>, rest: AsyncIterable<Uint8Array>) {
  if (first.done === true) return;
  yield first.value;
  yield* rest;
}

async function* verifiedBytes(blob: ExportedBlob, run: ExportRun): AsyncGenerator<Uint8Array> {
  const { digest, origin } = blob;
  const digester = new Digester(algorithmOf(digest));
  for await (const bytes of blobBytes(origin, blob, 0, run)) {
    digester.update(bytes);
    yield bytes;
  }
  if (digester.digest() === digest) return;
  const where = `${origin.source.description} (${origin.repository})`;
  throw new WrongContentError(where, digest, `the digest of its bytes is ${digester.digest()}`);
}
