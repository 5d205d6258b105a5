// An archive as a file: compressed as its name says, and under its name only once all of it is durable.
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { CannotWriteError, publishFile } from '../storage/filesystem/published-file.ts';
import type { ArchiveCompression } from './archive-name.ts';
import { CopyError } from './copy-error.ts';
import { storedZstd } from './stored-zstd.ts';

/** Node has zstd since 22.15. */
type ZstdFactory = () => Transform;

/** What makes the archive of its bytes. */
export function compressor(compression: ArchiveCompression): readonly Transform[] {
  if (compression === 'none') return [];
  if (compression === 'gzip') return [zlib.createGzip()];
  const { createZstdCompress } = zlib as { createZstdCompress?: ZstdFactory };
  return [createZstdCompress === undefined ? storedZstd() : createZstdCompress()];
}

/** Throws CopyError where the file cannot be written. Whatever goes wrong, `path` is as it was and nothing else is left. */
export async function writeArchive(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  { compression, signal }: { readonly compression: ArchiveCompression; readonly signal: AbortSignal },
): Promise<void> {
  try {
    await publishFile(path, bytes, { through: compressor(compression), signal });
  } catch (error) {
    // No space, no permission, no such directory: about the target, and not about what is copied.
    if (error instanceof CannotWriteError) throw new CopyError(error.message, { cause: error.cause });
    throw error;
  }
}
