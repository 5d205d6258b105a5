// What a file is, told by its first bytes and never by its name.
import type { ExternalCompression } from './external-decompressor.ts';
import { blockBytes, parseTarHeader, TarDamageError } from './tar-header.ts';

export type Compression = 'gzip' | 'zstd' | ExternalCompression;

export type FileForm =
  | { readonly kind: 'tar' }
  | { readonly kind: 'compressed'; readonly compression: Compression }
  | {
      readonly kind: 'other' /** Undefined for what nobody here has seen before. */;
      readonly looksLike: string | undefined;
    };

/** As many bytes as `fileForm` wants to see. */
export const formBytes = blockBytes;

const known: readonly (readonly [looksLike: string, bytes: readonly number[]])[] = [
  ['an lz4 file', [0x04, 0x22, 0x4d, 0x18]],
  ['a zip file', [0x50, 0x4b, 0x03, 0x04]],
  ['a 7-Zip file', [0x37, 0x7a, 0xbc, 0xaf]],
  ['a SIF image (Singularity, Apptainer)', [...Buffer.from('#!/usr/bin/env run-singularity')]],
  ['a script', [0x23, 0x21]],
  ['a program', [0x7f, 0x45, 0x4c, 0x46]],
  ['a squashfs image', [0x68, 0x73, 0x71, 0x73]],
  ['a JSON document', [0x7b]],
  ['a JSON document', [0x5b]],
];

/** `start` is the first block of the file, or all of it where it is shorter. */
export function fileForm(start: Buffer): FileForm {
  if (isGzip(start)) return { kind: 'compressed', compression: 'gzip' };
  if (isZstd(start)) return { kind: 'compressed', compression: 'zstd' };
  if (beginsWith(start, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])) return { kind: 'compressed', compression: 'xz' };
  if (isBzip2(start)) return { kind: 'compressed', compression: 'bzip2' };
  // V7 has no magic number: what has a right checksum is a tar.
  if (start.length >= blockBytes && isHeader(start.subarray(0, blockBytes))) return { kind: 'tar' };
  if (start.length === 0) return { kind: 'other', looksLike: 'an empty file' };
  const found = known.find(([, bytes]) => beginsWith(start, bytes));
  return { kind: 'other', looksLike: found?.[0] };
}

/** Of `what`, which is of another form, for a message. */
export function noArchive(what: string, looksLike: string | undefined): string {
  return `${what} is neither a tar nor one compressed with gzip, zstd, xz or bzip2${guess(looksLike)}`;
}

/** Ends the message of a file that is not what it should be. */
export function guess(looksLike: string | undefined): string {
  return looksLike === undefined ? '' : `: it looks like ${looksLike}`;
}

export function isGzip(start: Uint8Array): boolean {
  return start[0] === 0x1f && start[1] === 0x8b;
}

/** A frame, or a skippable one, which pzstd puts first (RFC 8878, 3.1). */
export function isZstd(start: Uint8Array): boolean {
  const isFrame = start[0] === 0x28 && start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd;
  const isSkippable = ((start[0] ?? 0) & 0xf0) === 0x50 && start[1] === 0x2a && start[2] === 0x4d && start[3] === 0x18;
  return isFrame || isSkippable;
}

/** `BZh`, the size of blocks as a digit, and the mark of a block or of the end. */
function isBzip2(start: Uint8Array): boolean {
  const hasMark = [
    [0x31, 0x41, 0x59, 0x26],
    [0x17, 0x72, 0x45, 0x38],
  ].some((mark) => beginsWith(start.subarray(4), mark));
  return beginsWith(start, [0x42, 0x5a, 0x68]) && hasMark;
}

function beginsWith(start: Uint8Array, bytes: readonly number[]): boolean {
  return bytes.every((byte, at) => start[at] === byte);
}

function isHeader(block: Buffer): boolean {
  try {
    parseTarHeader(block);
    return true;
  } catch (error) {
    if (error instanceof TarDamageError) return false;
    throw error;
  }
}
