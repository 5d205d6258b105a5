// Compressed streams, several members or frames after one another included. zstd is Node's own where there is one
// (22.15), else fzstd, which does not check the checksums of frames.
import { Readable, type Transform } from 'node:stream';
import zlib from 'node:zlib';
import { isError } from '../../oci/is-error.ts';
import { ByteSource } from './byte-source.ts';
import { decompressExternally } from './external-decompressor.ts';
import type { Compression } from './file-form.ts';
import { CorruptStreamError, frame, skipToFrame } from './zstd-frames.ts';

/** Throws CorruptStreamError for what cannot be decompressed, MissingProgramError for what is not to be had here; what `source` throws passes through. */
export async function* decompress(compression: Compression, source: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  if (compression === 'gzip') {
    // Node goes on with the next member by itself, and takes zeros that follow the last one (tape blocks) for its end.
    yield* through(zlib.createGunzip(), source);
    return;
  }
  if (compression !== 'zstd') {
    yield* decompressExternally(compression, source);
    return;
  }
  const bytes = new ByteSource(source);
  const native = nativeZstd();
  while (await skipToFrame(bytes)) {
    if (native === undefined) yield* withFzstd(frame(bytes));
    else yield* through(native(), frame(bytes));
  }
}

/** Not in @types/node of the oldest Node that we run on. */
function nativeZstd(): (() => Transform) | undefined {
  const create: unknown = Reflect.get(zlib, 'createZstdDecompress');
  return typeof create === 'function' ? () => create.call(zlib) as Transform : undefined;
}

/** Not `pipeline`: it calls it a failure when gunzip ends before its input does, which zeros after the last member bring about. */
async function* through(decoder: Transform, source: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  const input = Readable.from(source, { objectMode: false, highWaterMark: 1 });
  let sourceFailure: { readonly error: Error } | undefined;
  input.once('error', (error) => {
    sourceFailure = { error };
    decoder.destroy(error);
  });
  input.pipe(decoder);
  try {
    for await (const chunk of decoder) yield chunk as Uint8Array;
  } catch (error) {
    if (sourceFailure !== undefined) throw sourceFailure.error;
    if (isError(error) && 'errno' in error) throw new CorruptStreamError(error.message, { cause: error });
    throw error;
  } finally {
    input.destroy();
    decoder.destroy();
  }
}

async function* withFzstd(pieces: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  const { Decompress } = await import('fzstd');
  let decoded: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => {
    decoded.push(chunk);
  });
  const push = (piece: Uint8Array, isLast: boolean): readonly Uint8Array[] => {
    decoded = [];
    try {
      decoder.push(piece, isLast);
    } catch (cause) {
      throw new CorruptStreamError('the zstd stream is corrupt', { cause });
    }
    return decoded;
  };
  let piece: Uint8Array | undefined;
  for await (const next of pieces) {
    if (piece !== undefined) yield* push(piece, false);
    piece = next;
  }
  if (piece !== undefined) yield* push(piece, true);
}
