// A zstd frame of stored blocks (RFC 8878, 3.1.1): not smaller than what it holds, and read by everything that reads zstd. For a
// Node without zstd of its own (before 22.15); the layers of most images are compressed anyway.
import { Transform } from 'node:stream';

const magic = [0x28, 0xb5, 0x2f, 0xfd];
/** No content size, no checksum, no dictionary; a window descriptor follows. */
const descriptor = 0x00;
/** 128 KiB: 2 to the power of 10 + 7. */
const window = 7 << 3;
const maxBlockBytes = 128 * 1024;
const headerBytes = 3;

/** The same bytes for the same content, however it is cut into chunks. */
export function storedZstd(): Transform {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  const emit = (stream: Transform, size: number, isLast: boolean): void => {
    const bytes = Buffer.concat(pending, pendingBytes);
    const rest = bytes.subarray(size);
    stream.push(blockHeader(size, isLast));
    if (size > 0) stream.push(bytes.subarray(0, size));
    pending = rest.byteLength === 0 ? [] : [rest];
    pendingBytes = rest.byteLength;
  };
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      pending.push(chunk);
      pendingBytes += chunk.byteLength;
      // One byte more than a block is kept back, so that the last block is never known too late.
      while (pendingBytes > maxBlockBytes) emit(this, maxBlockBytes, false);
      done();
    },
    flush(done) {
      emit(this, pendingBytes, true);
      done();
    },
  });
  stream.push(Buffer.from([...magic, descriptor, window]));
  return stream;
}

/** Little-endian: last block, type 0 (raw), size. */
function blockHeader(size: number, isLast: boolean): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUIntLE((size << 3) | Number(isLast), 0, headerBytes);
  return header;
}
