// Large blobs by reads into two buffers that take turns: while one is on its way to the client the other is filled.
import type { ServerResponse } from 'node:http';
import type { BlobContent, PassingCheck } from '../registry/blobs.ts';
import { type BlobSender, type ByteSpan, readFully, WrongBlobError, write } from './blob-sender.ts';

/** Measured: larger ones gain a twentieth, streams reach half of it. */
const bufferBytes = 1024 * 1024;
const smallBufferBytes = 64 * 1024;

/** At most so much is kept and lent in full-sized buffers; more downloads at a time get small ones, so that slow clients cannot fill the memory. */
const maxBuffers = 64;

export class PooledSender implements BlobSender {
  readonly #free: Uint8Array[] = [];
  #lent = 0;

  async send(response: ServerResponse, content: BlobContent, span: ByteSpan, check?: PassingCheck): Promise<boolean> {
    const buffers = [this.#take(), this.#take()] as const;
    let isSent = false;
    try {
      isSent = await sendAll(response, content, { ...span, buffers, check });
      return isSent;
    } catch (error) {
      response.destroy();
      throw error;
    } finally {
      // One may still be on its way where the client is gone: a stream of HTTP/2 ends, and its connection goes on. It would carry another
      // blob's bytes.
      for (const buffer of buffers) this.#giveBack(buffer, isSent);
    }
  }

  #take(): Uint8Array {
    const free = this.#free.pop();
    if (free === undefined && this.#lent >= maxBuffers) return Buffer.allocUnsafeSlow(smallBufferBytes);
    this.#lent += 1;
    return free ?? Buffer.allocUnsafeSlow(bufferBytes);
  }

  #giveBack(buffer: Uint8Array, mayBeUsedAgain: boolean): void {
    if (buffer.byteLength !== bufferBytes) return;
    this.#lent -= 1;
    if (mayBeUsedAgain) this.#free.push(buffer);
  }
}

interface SendOptions extends ByteSpan {
  readonly buffers: readonly [Uint8Array, Uint8Array];
  readonly check: PassingCheck | undefined;
}

/** False when the client is gone. */
async function sendAll(
  response: ServerResponse,
  content: BlobContent,
  { first, length, buffers, check }: SendOptions,
): Promise<boolean> {
  const end = first + length;
  let writing: Promise<boolean> = Promise.resolve(true);
  let at = first;
  for (let turn = 0; at < end; turn += 1) {
    const buffer = turn % 2 === 0 ? buffers[0] : buffers[1];
    const chunk = buffer.subarray(0, Math.min(buffer.byteLength, end - at));
    // The write before last used this buffer; it has ended, since the last one was only started after it.
    await readFully(content, chunk, at);
    at += chunk.byteLength;
    check?.update(chunk);
    // A client that gets all but the last bytes knows that what it has is nothing.
    if (check !== undefined && at === end && !(await check.isRight())) {
      throw new WrongBlobError('a blob is not what its digest says');
    }
    if (!(await writing)) return false;
    writing = write(response, chunk);
  }
  return writing;
}
