// How the bytes of a blob reach a client: small ones in one read and one write, large ones by the fastest way this machine has.
import type { ServerResponse } from 'node:http';
import type { BlobContent, PassingCheck } from '../registry/blobs.ts';

/** Up to here one read and one write beat everything else (measured: three times a stream). */
export const smallBlobBytes = 64 * 1024;

export interface ByteSpan {
  readonly first: number;
  readonly length: number;
}

export interface BlobSender {
  /**
   * Sends a span of a blob as the body of an answer, or a part of it, after what was written before. When the client goes away
   * it just stops: false. Throws when the blob cannot be read as far as it should, or when `check`, which is given for a whole blob,
   * finds it wrong: before its last bytes have left. The caller then breaks the connection.
   */
  send(response: ServerResponse, content: BlobContent, span: ByteSpan, check?: PassingCheck): Promise<boolean>;
}

/** The blob on disk is shorter than it was when it was opened: somebody else wrote into it. */
export class TruncatedBlobError extends Error {
  override readonly name = 'TruncatedBlobError';
}

/** What was read of the blob is not what its digest says. */
export class WrongBlobError extends Error {
  override readonly name = 'WrongBlobError';
}

/** Runs `work` and closes the content, whatever happens. */
export async function closingAfter(content: BlobContent, work: (content: BlobContent) => Promise<void>): Promise<void> {
  try {
    await work(content);
  } finally {
    await content.close();
  }
}

/** Fills `buffer` with the bytes at `at`. */
export async function readFully(content: BlobContent, buffer: Uint8Array, at: number): Promise<void> {
  let filled = 0;
  while (filled < buffer.byteLength) {
    const read = await content.readInto(buffer.subarray(filled), at + filled);
    if (read === 0) throw new TruncatedBlobError(`a blob ended at byte ${at + filled}`);
    filled += read;
  }
}

/** Writes and waits until the bytes have left this process; false when the client is gone. The chunk may be reused afterwards. */
export function write(response: ServerResponse, chunk: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    const onClose = () => resolve(false);
    response.once('close', onClose);
    response.write(chunk, (error) => {
      response.off('close', onClose);
      resolve(error === undefined || error === null ? !response.destroyed : false);
    });
  });
}

/**
 * False when the connection closed first. A client may send its next request before it has read the last answer; such a
 * request has no connection to write to yet, and must not hold a file or a buffer while it waits.
 */
export function isOurTurn(response: ServerResponse): boolean | Promise<boolean> {
  if (response.socket !== null) return true;
  const { req: request } = response;
  if (request.destroyed) return false;
  return new Promise((resolve) => {
    // A waiting answer is not told that its connection closed; its request is.
    const onClose = () => resolve(false);
    request.once('close', onClose);
    response.once('socket', () => {
      request.off('close', onClose);
      resolve(true);
    });
  });
}
