// Takes a zstd stream apart into frames without decompressing it (RFC 8878, 3.1). Node's decompressor stops after the first frame
// and says nothing, and fzstd allocates whatever window a frame asks for: both get one checked frame at a time.
import type { ByteSource } from './byte-source.ts';

/** As `zstd -d` without --long: a hostile frame may ask for terabytes. */
const maxWindowBytes = 128 * 1024 * 1024;
const maxBlockBytes = 128 * 1024;
const rleBlock = 1;
const reservedBlock = 3;

/** The compressed bytes are not what they should be. */
export class CorruptStreamError extends Error {
  override readonly name = 'CorruptStreamError';
}

/** Passes over skippable frames; false at the end of the stream. */
export async function skipToFrame(source: ByteSource): Promise<boolean> {
  while (!(await source.isAtEnd())) {
    const magic = await takeAll(source, 4);
    const number = magic.readUInt32LE(0);
    if (number === 0xfd2fb528) return true;
    if (number >>> 4 !== 0x184d2a5) throw new CorruptStreamError('what follows a zstd frame is not another one');
    const size = (await takeAll(source, 4)).readUInt32LE(0);
    if (!(await source.skip(size))) throw new CorruptStreamError(cutOff);
  }
  return false;
}

/** The frame whose magic number was passed, from that number on, in pieces of a block each. */
export async function* frame(source: ByteSource): AsyncGenerator<Buffer> {
  const descriptor = await takeAll(source, 1);
  const flags = descriptor[0] ?? 0;
  const isSingleSegment = (flags & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3] ?? 0;
  const contentSizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][flags >>> 6] ?? 0;
  const rest = await takeAll(source, (isSingleSegment ? 0 : 1) + dictionaryBytes + contentSizeBytes);
  if (dictionaryBytes > 0) throw new CorruptStreamError('zstd with a dictionary is not supported');
  const windowBytes = isSingleSegment ? contentSizeOf(rest) : windowSizeOf(rest[0] ?? 0);
  if (windowBytes > maxWindowBytes) {
    throw new CorruptStreamError(
      `zstd with a window of ${windowBytes} bytes is not supported, only up to ${maxWindowBytes}`,
    );
  }
  yield Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), descriptor, rest]);
  for (let isLast = false; !isLast; ) {
    const header = await takeAll(source, 3);
    const value = header.readUIntLE(0, 3);
    isLast = (value & 1) === 1;
    const type = (value >>> 1) & 3;
    const size = value >>> 3;
    if (type === reservedBlock || size > maxBlockBytes) throw new CorruptStreamError('a zstd block is malformed');
    const block = await takeAll(source, type === rleBlock ? 1 : size);
    const checksum = isLast && (flags & 4) !== 0 ? await takeAll(source, 4) : Buffer.alloc(0);
    yield Buffer.concat([header, block, checksum]);
  }
}

/** A field of one byte for sizes below 256, of two for 256 and more from there. */
function contentSizeOf(field: Buffer): number {
  if (field.length === 1) return field.readUInt8(0);
  if (field.length === 2) return field.readUInt16LE(0) + 256;
  return field.length === 4 ? field.readUInt32LE(0) : Number(field.readBigUInt64LE(0));
}

function windowSizeOf(byte: number): number {
  const base = 2 ** (10 + (byte >>> 3));
  return base + (base / 8) * (byte & 7);
}

const cutOff = 'the zstd stream is cut off';

async function takeAll(source: ByteSource, count: number): Promise<Buffer> {
  const taken = await source.take(count);
  if (taken === undefined) throw new CorruptStreamError(cutOff);
  return taken;
}
