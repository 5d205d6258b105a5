// One header block of a tar as bytes: V7, ustar (POSIX 1988), GNU and star. Pure; what extends a header is in tar-extensions.ts.

export const blockBytes = 512;

/** The bytes cannot be a tar from here on: where the next header is, nobody knows. */
export class TarDamageError extends Error {
  override readonly name = 'TarDamageError';
}

/** What PAX records say of a sparse member, as they stand. */
export interface SparseRecords {
  /** `GNU.sparse.` and a key, without the prefix; keys of form 0.0 are repeated. */
  readonly records: readonly (readonly [key: string, value: string])[];
}

export interface TarHeader {
  readonly path: string;
  readonly linkPath: string;
  /** Bytes of content that follow, as the header says; some types have none whatever it says. */
  readonly size: number;
  /** The type flag, one character; `0` for the NUL of V7. */
  readonly type: string;
  /** GNU's old form of a sparse member: the block itself, which has a map, and whether more blocks of that follow. */
  readonly oldSparse: { readonly block: Buffer; readonly mapGoesOn: boolean } | undefined;
  /** The newer forms: what PAX records say of the map. */
  readonly sparse: SparseRecords | undefined;
}

const emptyBlock = Buffer.alloc(blockBytes);
const checksumStart = 148;
const checksumEnd = 156;
const space = 0x20;
const zero = 0x30;

/** Undefined for an empty block, which ends an archive. Throws TarDamageError for what is no header. */
export function parseTarHeader(block: Buffer): TarHeader | undefined {
  if (block[0] === 0 && emptyBlock.equals(block)) return undefined;
  if (!hasRightChecksum(block)) throw new TarDamageError('no tar header: its checksum is wrong');
  const type = block[156] === 0 ? '0' : String.fromCharCode(block[156] ?? 0);
  const name = textIn(block, 0, 100);
  const prefix = prefixOf(block);
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    linkPath: textIn(block, 157, 257),
    size: numberIn(block, 124, 136, 'size'),
    type,
    oldSparse: type === 'S' ? { block: Buffer.from(block), mapGoesOn: block[482] === 1 } : undefined,
    sparse: undefined,
  };
}

/** A further block of GNU's sparse map. */
export function mapGoesOnAfter(block: Buffer): boolean {
  return block[504] === 1;
}

/** The content and what fills its last block. */
export function paddedSize(size: number): number {
  return Math.ceil(size / blockBytes) * blockBytes;
}

/** Only POSIX headers have a prefix: GNU keeps times there, star keeps them in its last 24 bytes. */
function prefixOf(block: Buffer): string {
  if (block[345] === 0 || block.toString('latin1', 257, 263) !== 'ustar\0') return '';
  return textIn(block, 345, block.toString('latin1', 508, 512) === 'tar\0' ? 476 : 500);
}

function textIn(block: Buffer, start: number, end: number): string {
  if (block[start] === 0) return '';
  const nul = block.indexOf(0, start);
  return block.toString('utf8', start, nul === -1 || nul > end ? end : nul);
}

/** The sum of all bytes with spaces in place of the sum itself; some old programs added signed bytes. */
function hasRightChecksum(block: Buffer): boolean {
  let unsigned = (checksumEnd - checksumStart) * space;
  let beyondSigned = 0;
  for (let at = 0; at < blockBytes; at += 1) {
    if (at === checksumStart) at = checksumEnd;
    const byte = block[at] ?? 0;
    unsigned += byte;
    if (byte > 127) beyondSigned += 256;
  }
  const expected = numberIn(block, checksumStart, checksumEnd, 'checksum');
  return expected === unsigned || expected === unsigned - beyondSigned;
}

/** Octal digits among spaces and NULs, or GNU's base 256 when the first bit is set. Refuses what is negative, or beyond what a number holds exactly. */
export function numberIn(block: Buffer, start: number, end: number, what: string): number {
  if ((block[start] ?? 0) >= 0x80) return base256In(block, start, end, what);
  let at = start;
  while (at < end && isFiller(block[at])) at += 1;
  let value = 0;
  for (; at < end && !isFiller(block[at]); at += 1) {
    const digit = (block[at] ?? 0) - zero;
    if (digit < 0 || digit > 7) throw new TarDamageError(`the ${what} in a tar header is not a number`);
    value = value * 8 + digit;
  }
  while (at < end && isFiller(block[at])) at += 1;
  if (at < end) throw new TarDamageError(`the ${what} in a tar header is not a number`);
  return value;
}

function isFiller(byte: number | undefined): boolean {
  return byte === space || byte === 0;
}

function base256In(block: Buffer, start: number, end: number, what: string): number {
  // 0x80 is a positive number, 0xff a negative one; anything else would be of astronomic size.
  if (block[start] !== 0x80) throw new TarDamageError(`the ${what} in a tar header is negative or too large`);
  let value = 0;
  for (let at = start + 1; at < end; at += 1) value = value * 256 + (block[at] ?? 0);
  if (!Number.isSafeInteger(value)) throw new TarDamageError(`the ${what} in a tar header is too large`);
  return value;
}
