// One blob on its way into a repository elsewhere: large ones in chunks, so that a connection that is lost costs one of them; in one
// piece where a registry takes no chunks.
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import { TransientError } from './remote-error.ts';
import { pauseAfter, retrying } from './retrying.ts';
import type { RemoteUpload, UploadRequests } from './upload-requests.ts';

export interface BlobToUpload {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** From an offset to the end: exactly the bytes that are missing. May be called more than once. */
  read(from: number): AsyncIterable<Uint8Array>;
}

export interface UploadOptions {
  /** Bytes that are sent for the first time. */
  readonly advanced: (bytes: number) => void;
}

/** On a bad link a smaller one has better chances. */
const smallestChunk = 512 * 1024;
/** Each is held in memory: a registry that wants larger ones gets the blob in one piece. */
const largestChunk = 128 * 1024 * 1024;
/** So much must be kept before the tries are counted from the beginning again. */
const progressBytes = 1024 * 1024;
const pieceBytes = 64 * 1024;

export class BlobUpload {
  readonly #requests: UploadRequests;
  readonly #blob: BlobToUpload;
  readonly #options: UploadOptions;
  /** Bytes that were sent at least once. */
  #sent = 0;

  constructor(requests: UploadRequests, blob: BlobToUpload, options: UploadOptions) {
    this.#requests = requests;
    this.#blob = blob;
    this.#options = options;
  }

  /** `begun` is a session that there is already. Throws what `read` throws, DIGEST_INVALID, or why the registry refuses. */
  async run(begun: RemoteUpload | undefined, takesChunks: () => boolean, tookNone: () => void): Promise<void> {
    if (this.#blob.size <= this.#requests.policy.chunkBytes || !takesChunks()) return this.#inOnePiece(begun);
    try {
      await this.#inChunks(begun);
    } catch (error) {
      if (!mayBeTheChunks(error)) throw error;
      await this.#inOnePiece(undefined);
      tookNone();
    }
  }

  async #inOnePiece(begun: RemoteUpload | undefined): Promise<void> {
    let next = begun;
    await retrying(this.#requests.policy, async () => {
      // After a connection that was lost: the answer may have been.
      if (this.#sent > 0 && (await this.#requests.holds(this.#blob))) return;
      const session = next ?? (await this.#requests.start());
      next = undefined;
      let failure: { readonly reason: unknown } | undefined;
      const open = async function* (this: BlobUpload) {
        try {
          yield* this.#counted(this.#blob.read(0), 0);
        } catch (reason) {
          failure = { reason };
          throw reason;
        }
      };
      const body = { size: this.#blob.size, open: open.bind(this) };
      await this.#requests.commit(session, this.#blob.digest, body).catch(async (error: unknown) => {
        await this.#requests.cancel(session);
        // What the source could not give is no trouble of the connection.
        throw failure === undefined ? error : failure.reason;
      });
    });
  }

  async #inChunks(begun: RemoteUpload | undefined): Promise<void> {
    let session = begun ?? (await this.#requests.start());
    if (session.leastChunk > largestChunk) return this.#inOnePiece(session);
    let { chunkBytes } = this.#requests.policy;
    let tries = 0;
    let failedAt = 0;
    /** How often the registry had lost what it had kept: progress that is lost again is none. */
    let setbacks = 0;
    for (;;) {
      try {
        session = await this.#appendFrom(
          session,
          Math.max(chunkBytes, Math.min(session.leastChunk, largestChunk)),
          (kept) => {
            session = kept;
          },
        );
        return await this.#requests.commit(session, this.#blob.digest);
      } catch (error) {
        tries = session.offset - failedAt >= progressBytes ? 1 : tries + 1;
        failedAt = session.offset;
        await pauseAfter(this.#requests.policy, error, Math.max(tries, setbacks)).catch(async (last: unknown) => {
          await this.#requests.cancel(session);
          throw last;
        });
        if (session.offset === this.#blob.size && (await this.#requests.holds(this.#blob))) return;
        chunkBytes = Math.min(chunkBytes, Math.max(smallestChunk, Math.floor(chunkBytes / 2)));
        const known = await this.#requests.status(session);
        if (known === undefined || known.offset < session.offset) setbacks += 1;
        session = known !== undefined && this.#fits(known) ? known : await this.#requests.start();
        failedAt = Math.min(failedAt, session.offset);
      }
    }
  }

  async #appendFrom(
    begun: RemoteUpload,
    chunkBytes: number,
    kept: (session: RemoteUpload) => void,
  ): Promise<RemoteUpload> {
    let session = begun;
    if (!this.#fits(session)) throw new TransientError(invalidUpload('it claims to have kept more than there is'));
    for await (const chunk of chunksOf(this.#blob.read(session.offset), chunkBytes)) {
      const from = session.offset;
      const body = { size: chunk.byteLength, open: () => this.#counted(piecesOf(chunk), from) };
      session = await this.#requests.append(session, body);
      kept(session);
      // It kept less than it was sent: the rest is read again.
      if (session.offset !== from + chunk.byteLength)
        throw new TransientError(invalidUpload('a chunk was kept in part'));
    }
    return session;
  }

  #fits({ offset }: RemoteUpload): boolean {
    return offset <= this.#blob.size;
  }

  async *#counted(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, from: number): AsyncGenerator<Uint8Array> {
    let at = from;
    for await (const piece of bytes) {
      yield piece;
      at += piece.byteLength;
      if (at > this.#sent) {
        this.#options.advanced(at - this.#sent);
        this.#sent = at;
      }
    }
  }
}

function invalidUpload(detail: string): RegistryError {
  return new RegistryError('BLOB_UPLOAD_INVALID', { detail });
}

/** Some registries take no chunks, and say so with whatever status; who we are and what we sent has other answers. */
function mayBeTheChunks(error: unknown): boolean {
  if (!(error instanceof RegistryError) || error.code === 'DIGEST_INVALID') return false;
  return error.status >= 400 && error.status !== 401 && error.status !== 403 && error.status !== 507;
}

async function* chunksOf(bytes: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Buffer> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of bytes) {
    parts.push(part);
    length += part.byteLength;
    if (length < size) continue;
    yield Buffer.concat(parts, length);
    parts = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(parts, length);
}

function* piecesOf(chunk: Buffer): Generator<Uint8Array> {
  for (let at = 0; at < chunk.byteLength; at += pieceBytes) yield chunk.subarray(at, at + pieceBytes);
}
