// What a chunk of an upload is, and the answer to one that does not fit. Its rules are in upload-session.ts.
import type { Readable } from 'node:stream';
import { RegistryError } from '../oci/error-code.ts';
import type { UploadId } from '../oci/upload-id.ts';

export interface UploadStatus {
  readonly id: UploadId;
  /** Bytes received and kept. */
  readonly size: number;
}

/** Byte positions, both inclusive. */
export interface ChunkRange {
  readonly first: number;
  readonly last: number;
}

/** A request body with what its headers say of it. */
export interface Chunk {
  /** Undefined when the request has no body. */
  readonly body: Readable | undefined;
  /** `Content-Range`; undefined appends whatever comes. */
  readonly range: ChunkRange | undefined;
  /** `Content-Length`; undefined for a body of unknown length. */
  readonly length: number | undefined;
  /** True where nobody else looks at the body's bytes, as of what a connection received. */
  readonly ownsBytes?: boolean;
  /** Aborted to stop receiving it. A client that leaves need not do so: its body fails by itself, and what had arrived is kept. */
  readonly signal?: AbortSignal;
}

/** 416: out of order, overlapping, or of another length than declared. Carries the session so that the answer can say where to go on. */
export class UploadRangeError extends RegistryError {
  readonly upload: UploadStatus;

  constructor(upload: UploadStatus, detail: string) {
    super('BLOB_UPLOAD_INVALID', { status: 416, message: 'the chunk does not fit the upload', detail });
    this.upload = upload;
  }
}
