// The body of an answer to several ranges: multipart/byteranges (RFC 9110, 14.6), laid out before its first byte is sent.
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { mediaTypes } from '../oci/media-type.ts';
import type { BlobContent } from '../registry/blobs.ts';
import { type BlobSender, type ByteSpan, readFully, smallBlobBytes, write } from './blob-sender.ts';
import type { ByteRange } from './byte-range.ts';

interface BodyPart extends ByteSpan {
  /** Delimiter and header of the part. */
  readonly head: Buffer;
}

export interface MultipartBody {
  readonly contentType: string;
  readonly parts: readonly BodyPart[];
  readonly end: Buffer;
  /** Of all of it, in bytes. */
  readonly length: number;
}

/** `size` is that of the blob. The boundary is made up anew: nobody can have pushed content that holds it. */
export function multipartBody(ranges: readonly ByteRange[], size: number): MultipartBody {
  const boundary = randomBytes(16).toString('hex');
  const parts = ranges.map(({ first, last }, at): BodyPart => {
    const lines = [
      `${at === 0 ? '' : '\r\n'}--${boundary}`,
      `Content-Type: ${mediaTypes.octetStream}`,
      `Content-Range: ${contentRangeOf({ first, last }, size)}`,
    ];
    return { head: Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), first, length: last - first + 1 };
  });
  const end = Buffer.from(`\r\n--${boundary}--\r\n`);
  const length = parts.reduce((sum, part) => sum + part.head.byteLength + part.length, end.byteLength);
  return { contentType: `multipart/byteranges; boundary=${boundary}`, parts, end, length };
}

/** As RFC 9110, 14.4 has it; uploads spell theirs in another way (chunk-range.ts). */
export function contentRangeOf({ first, last }: ByteRange, size: number): string {
  return `bytes ${first}-${last}/${size}`;
}

/** Small parts in one write each, large ones through the sender. False when the client is gone. */
export async function sendRanges(
  response: ServerResponse,
  sender: BlobSender,
  content: BlobContent,
  { parts, end }: MultipartBody,
): Promise<boolean> {
  for (const { head, first, length } of parts) {
    const isSmall = length <= smallBlobBytes;
    if (!(await write(response, isSmall ? await smallPart(content, { head, first, length }) : head))) return false;
    if (!isSmall && !(await sender.send(response, content, { first, length }))) return false;
  }
  return write(response, end);
}

async function smallPart(content: BlobContent, { head, first, length }: BodyPart): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(head.byteLength + length);
  bytes.set(head);
  await readFully(content, bytes.subarray(head.byteLength), first);
  return bytes;
}
