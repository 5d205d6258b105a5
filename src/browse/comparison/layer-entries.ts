// What is in one layer: the entries of its tar, unpacked on the way where it is compressed (image-spec, layer.md).

import type { DescriptorReference } from '../../oci/descriptor.ts';
import { isDigest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { isNonDistributableType } from '../../oci/media-type.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { decompress } from '../../storage/archive/decompress.ts';
import { fileForm, formBytes, guess } from '../../storage/archive/file-form.ts';
import { type StreamedEntry, streamedEntries } from '../../storage/archive/streamed-tar.ts';
import { TarDamageError } from '../../storage/archive/tar-header.ts';
import { startingWhole } from '../../storage/archive/unpacked-archive.ts';
import { CorruptStreamError } from '../../storage/archive/zstd-frames.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { ImageSource } from '../../transfer/image-source.ts';

/** Of one layer nobody can tell what is in it, or in the rest of it; the others are read all the same. */
export class UnreadLayerError extends Error {
  override readonly name = 'UnreadLayerError';
}

/** Throws UnreadLayerError, whose message says why, in words for a person. `onBytes` is told of what was unpacked, and waited for. */
export async function* layerEntries(
  source: ImageSource,
  name: RepositoryName,
  layer: DescriptorReference,
  onBytes: (count: number) => Promise<void>,
): AsyncGenerator<StreamedEntry> {
  if (!isDigest(layer.digest)) throw new UnreadLayerError('it has a digest that this registry stores nothing under');
  const tar = counted(tarIn(asBuffers(source.readBlob(name, layer, 0))), onBytes);
  try {
    yield* streamedEntries(tar);
  } catch (error) {
    throw unreadBy(error, layer) ?? error;
  } finally {
    // Whoever has read enough must not leave the blob open.
    await tar.return(undefined);
  }
}

function unreadBy(error: unknown, { mediaType }: DescriptorReference): UnreadLayerError | undefined {
  if (error instanceof RegistryError && error.code === 'BLOB_UNKNOWN') {
    const why = isNonDistributableType(mediaType) ? 'it need not be in a registry, and is not here' : 'it is not here';
    return new UnreadLayerError(why, { cause: error });
  }
  if (error instanceof CorruptStreamError || error instanceof TarDamageError) {
    return new UnreadLayerError(`it is damaged: ${error.message}`, { cause: error });
  }
  // Its message may hold a path.
  if (error instanceof StorageError) return new UnreadLayerError('it cannot be read now', { cause: error });
  return undefined;
}

/** Told by its first bytes: media types of layers are wrong often enough. */
async function* tarIn(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const whole = startingWhole(bytes);
  try {
    const { value: start = Buffer.alloc(0) } = await whole.next();
    const form = formOf(start);
    const again = restOf(start, whole);
    if (form.kind === 'tar') yield* again;
    else if (form.kind === 'compressed' && (form.compression === 'gzip' || form.compression === 'zstd')) {
      yield* unpacked(asBuffers(startingWhole(decompress(form.compression, again))));
    } else
      throw new UnreadLayerError(`it is no tar${guess(form.kind === 'other' ? form.looksLike : form.compression)}`);
  } finally {
    await whole.return(undefined);
  }
}

async function* unpacked(bytes: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  try {
    const { value: start = Buffer.alloc(0) } = await bytes.next();
    const form = formOf(start);
    if (form.kind !== 'tar') {
      throw new UnreadLayerError(
        `it is compressed, and no tar is in it${guess(form.kind === 'other' ? form.looksLike : form.compression)}`,
      );
    }
    yield* restOf(start, bytes);
  } finally {
    await bytes.return(undefined);
  }
}

async function* counted(
  bytes: AsyncIterable<Buffer>,
  onBytes: (count: number) => Promise<void>,
): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    await onBytes(chunk.byteLength);
    yield chunk;
  }
}

async function* restOf(start: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  yield asBuffer(start);
  for await (const chunk of rest) yield asBuffer(chunk);
}

async function* asBuffers(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) yield asBuffer(chunk);
}

function formOf(start: Uint8Array) {
  return fileForm(asBuffer(start.subarray(0, formBytes)));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
