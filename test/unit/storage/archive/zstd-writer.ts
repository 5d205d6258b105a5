// zstd frames without compression, made by hand: Node's own zstd is younger than the oldest Node that the tests run on.

export interface FrameOptions {
  /** The byte of the window descriptor; a single segment, whose window is its content, unless given. */
  readonly window?: number;
  readonly dictionary?: number;
  readonly checksum?: Buffer;
}

const maxBlock = 128 * 1024;

export function zstdFrame(content: Buffer, { window, dictionary, checksum }: FrameOptions = {}): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(content.length);
  const flags =
    0x80 | (window === undefined ? 0x20 : 0) | (checksum === undefined ? 0 : 4) | (dictionary === undefined ? 0 : 1);
  const header = [0x28, 0xb5, 0x2f, 0xfd, flags, ...optional(window), ...optional(dictionary)];
  return Buffer.concat([Buffer.from(header), size, ...blocksOf(content), checksum ?? Buffer.alloc(0)]);
}

/** Raw blocks; one that is all of one byte is a block of that byte and a count. */
function blocksOf(content: Buffer): readonly Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = 0; at === 0 || at < content.length; at += maxBlock) {
    const block = content.subarray(at, at + maxBlock);
    const isLast = at + maxBlock >= content.length;
    const isRun = block.length > 1 && block.every((byte) => byte === block[0]);
    blocks.push(blockHeader(block.length, isRun ? 1 : 0, isLast), isRun ? block.subarray(0, 1) : block);
  }
  return blocks;
}

export function blockHeader(size: number, type: number, isLast: boolean): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE((size << 3) | (type << 1) | (isLast ? 1 : 0), 0, 3);
  return header;
}

export function skippableFrame(content: Buffer): Buffer {
  const header = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
  header.writeUInt32LE(content.length, 4);
  return Buffer.concat([header, content]);
}

function optional(byte: number | undefined): readonly number[] {
  return byte === undefined ? [] : [byte];
}
