// Whether a chunk fits its session (distribution-spec, Pushing a blob in chunks), before its first byte is read and after its last.
import type { Readable } from 'node:stream';
import { RegistryError } from '../oci/error-code.ts';
import type { UploadId } from '../oci/upload-id.ts';

export interface UploadStatus {
  readonly id: UploadId;
  /** Bytes received and kept. */
  readonly size: number;
}

/** A request body with what its headers say of it. */
export interface Chunk {
  /** Undefined when the request has no body. */
  readonly body: Readable | undefined;
  /** `Content-Range`, inclusive; undefined appends whatever comes. */
  readonly range: { readonly first: number; readonly last: number } | undefined;
  /** `Content-Length`; undefined for a body of unknown length. */
  readonly length: number | undefined;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
}

/** 416: out of order, overlapping, or of another length than declared. Carries the session so that the answer can say where to go on. */
export class UploadRangeError extends RegistryError {
  readonly upload: UploadStatus;

  constructor(upload: UploadStatus, detail: string) {
    super('BLOB_UPLOAD_INVALID', { status: 416, message: 'the chunk does not fit the upload', detail });
    this.upload = upload;
  }
}

/** Throws UploadRangeError: the range must start at the session's size and be as long as the body. */
export function assertChunkFits(upload: UploadStatus, { range, length }: Chunk): void {
  if (range === undefined) return;
  if (range.first !== upload.size) {
    throw new UploadRangeError(upload, `the next byte is ${upload.size}, the chunk starts at ${range.first}`);
  }
  if (range.last < range.first) throw new UploadRangeError(upload, 'the range ends before it starts');
  if (length !== undefined && length !== lengthOf(range)) {
    throw new UploadRangeError(upload, `the range has ${lengthOf(range)} bytes, Content-Length says ${length}`);
  }
}

function lengthOf({ first, last }: { first: number; last: number }): number {
  return last - first + 1;
}

export interface CountedChunk {
  readonly onChunk: (bytes: Uint8Array) => void;
  /** Throws when the body ended early. */
  readonly assertComplete: () => void;
  /** True once more or fewer bytes came than the range says. */
  readonly lied: boolean;
}

class LengthMismatch extends Error {}

/** Counts a body against its declared range while `use` takes each piece. A lost connection is no lie: it ends with the body's own error. */
export function countedChunk({ range }: Chunk, use: (bytes: Uint8Array) => void): CountedChunk {
  const expected = range === undefined ? undefined : lengthOf(range);
  let received = 0;
  let lied = false;
  const mismatch = () => {
    lied = true;
    return new LengthMismatch('the chunk has another length than its range');
  };
  return {
    onChunk: (bytes) => {
      received += bytes.byteLength;
      if (expected !== undefined && received > expected) throw mismatch();
      use(bytes);
    },
    assertComplete: () => {
      if (expected !== undefined && received !== expected) throw mismatch();
    },
    get lied() {
      return lied;
    },
  };
}
