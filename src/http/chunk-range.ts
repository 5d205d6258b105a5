// The byte positions of chunked uploads: the Content-Range of a chunk and the Range of an answer. Both are plain
// `<first>-<last>`, unlike the headers of the same names in RFC 9110 (distribution-spec, Pushing a blob in chunks).
import { RegistryError } from '../oci/error-code.ts';
import type { ChunkRange } from '../registry/upload-chunk.ts';

const grammar = /^([0-9]+)-([0-9]+)$/;

/** Undefined when the client streams. What is no range at all is as much out of order as a wrong one: 416. */
export function parseContentRange(header: string | undefined): ChunkRange | undefined {
  if (header === undefined) return undefined;
  const match = grammar.exec(header);
  const first = Number(match?.[1]);
  const last = Number(match?.[2]);
  if (Number.isSafeInteger(first) && Number.isSafeInteger(last) && last >= first) return { first, last };
  throw new RegistryError('BLOB_UPLOAD_INVALID', {
    status: 416,
    detail: 'Content-Range is <first>-<last>, both inclusive, without a unit or a total',
  });
}

/** Docker's client refuses an end before the start, so that an empty session says `0-0`, like one that holds a byte. */
export function uploadRangeOf(size: number): string {
  return `0-${Math.max(0, size - 1)}`;
}
