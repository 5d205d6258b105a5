// Upload sessions (distribution-spec, Pushing Blobs): started, appended to in order, committed under a digest, cancelled, expired.
// The bytes on disk are the truth about progress, so a restart, another process or a lost connection resumes at the right byte.
import type { ImageLayout } from '../layout/image-layout.ts';
import { algorithmOf, canonicalAlgorithm, type Digest, type DigestAlgorithm, Digester } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { UploadId } from '../oci/upload-id.ts';
import type { StagedObject } from '../storage/object-store.ts';
import type { BlobInfo } from './blobs.ts';
import { meansNoSpace } from './storage-failure.ts';
import { assertChunkFits, type Chunk, countedChunk, UploadRangeError, type UploadStatus } from './upload-chunk.ts';
import type { TakenSession, UploadSessions } from './upload-sessions.ts';

export class Uploads {
  readonly #name: RepositoryName;
  readonly #layout: ImageLayout;
  readonly #sessions: UploadSessions;

  constructor(name: RepositoryName, layout: ImageLayout, sessions: UploadSessions) {
    this.#name = name;
    this.#layout = layout;
    this.#sessions = sessions;
  }

  /** `algorithm` is the digest that will be named at the close, when the client announced it (distribution-spec main, end-4c). */
  start({ algorithm = canonicalAlgorithm }: { algorithm?: DigestAlgorithm }): Promise<UploadStatus> {
    return this.#sessions.start(this.#name, algorithm);
  }

  /** Goes on with the session of that id, or begins it: whoever derives the id from what is uploaded finds its bytes again. */
  async startOrResume(id: UploadId, algorithm: DigestAlgorithm): Promise<UploadStatus> {
    try {
      return await this.status(id);
    } catch (error) {
      if (!(error instanceof RegistryError && error.code === 'BLOB_UPLOAD_UNKNOWN')) throw error;
      return this.#sessions.start(this.#name, algorithm, id);
    }
  }

  /** The bytes that a session holds; whoever has it goes on undisturbed. Undefined when there is none of this repository. */
  peek(id: UploadId): Promise<number | undefined> {
    return this.#sessions.peek(this.#name, id);
  }

  /** Throws BLOB_UPLOAD_UNKNOWN, also for a session of another repository. */
  status(id: UploadId): Promise<UploadStatus> {
    return this.#sessions.take(this.#name, id, async ({ staged }) => ({ id, size: await staged.size() }));
  }

  /** Throws UploadRangeError when the chunk does not start where the session ends, or has another length than it says; the session is as before then. */
  append(id: UploadId, chunk: Chunk): Promise<UploadStatus> {
    return this.#sessions.take(this.#name, id, async (session) => ({ id, size: await this.#append(session, chunk) }));
  }

  /**
   * Appends the last chunk if there is one, checks the digest of the whole and publishes the blob, durably.
   * Throws UploadRangeError and keeps the session, or DIGEST_INVALID and discards it.
   */
  commit(id: UploadId, digest: Digest, lastChunk: Chunk): Promise<BlobInfo> {
    return this.#sessions.take(this.#name, id, async (session) => {
      const before = await session.staged.size();
      await this.#append(session, lastChunk);
      const size = await this.#takenBackTo(before, session.staged, async () => {
        return (await this.#commitOwn(session, digest)) ?? (await this.#commitCopy(session, digest));
      });
      this.#sessions.forget(id);
      return { digest, size };
    });
  }

  /** Throws BLOB_UPLOAD_UNKNOWN. */
  cancel(id: UploadId): Promise<void> {
    return this.#sessions.take(this.#name, id, async ({ staged }) => {
      await staged.discard();
      this.#sessions.forget(id);
    });
  }

  /** A single POST with the whole blob (distribution-spec, end-4b). Throws DIGEST_INVALID and keeps nothing then. */
  async push(digest: Digest, chunk: Chunk): Promise<BlobInfo> {
    const { id } = await this.start({ algorithm: algorithmOf(digest) });
    try {
      return await this.commit(id, digest, chunk);
    } catch (error) {
      await this.#sessions.discard(id);
      throw error;
    }
  }

  async #append({ id, staged, hash, signal }: TakenSession, chunk: Chunk): Promise<number> {
    const size = await staged.size();
    const length = chunk.body === undefined ? 0 : chunk.length;
    assertChunkFits({ id, size }, { ...chunk, length });
    if (chunk.body === undefined || length === 0) return size;
    // Before the body is read: a client that waits to be told to send it need not.
    await this.#sessions.assertRoom(length ?? 0);
    hash.continueAt(size);
    const counted = countedChunk(chunk, (bytes) => hash.update(bytes));
    try {
      const { body } = chunk;
      const end = await this.#takenBackTo(size, staged, () =>
        staged.append(body, { signal: AbortSignal.any([signal, chunk.signal]), onChunk: counted.onChunk }),
      );
      counted.assertComplete();
      return end;
    } catch (error) {
      if (counted.lied) {
        // A chunk that lied about its length is taken back; a lost connection keeps what arrived, so that the client can resume.
        await staged.truncate(size);
        throw new UploadRangeError({ id, size }, 'the chunk has another length than its range');
      }
      if (!signal.aborted) throw error;
      throw new UploadRangeError({ id, size: await staged.size() }, 'a later request took the upload over');
    }
  }

  /** What a request wrote that there was no space for is taken back at once; what was acknowledged before stays, and can be resumed. */
  async #takenBackTo<Result>(size: number, staged: StagedObject, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (meansNoSpace(error) && (await staged.size()) > size) await staged.truncate(size);
      throw error;
    }
  }

  /** The size of the blob; undefined, and nothing done, when another process may still hold the session's file open. */
  async #commitOwn({ id, staged, hash, changedOwner }: TakenSession, digest: Digest): Promise<number | undefined> {
    if (changedOwner) return undefined;
    const size = await staged.size();
    const actual = hash.digestOf(size, algorithmOf(digest)) ?? (await digestOfStaged(staged, algorithmOf(digest)));
    // Asked last: another process may have taken the session over, and written into it, while this one received or hashed.
    if (await this.#sessions.changedOwner(this.#name, id)) return undefined;
    if (actual !== digest) return this.#refuse(id, staged, actual);
    await this.#layout.adoptBlob(digest, staged);
    return size;
  }

  /** An earlier owner may still hold the file open and would write into the blob after our answer: only a fresh copy is published. */
  async #commitCopy({ id, staged }: TakenSession, digest: Digest): Promise<number> {
    const digester = new Digester(algorithmOf(digest));
    const copy = await this.#sessions.copy(this.#name, staged, (chunk) => digester.update(chunk));
    try {
      if (digester.digest() !== digest) return await this.#refuse(id, staged, digester.digest());
      await this.#layout.adoptBlob(digest, copy);
    } finally {
      await copy.discard();
    }
    await staged.discard();
    return digester.bytes;
  }

  /** What was received is not what the client says: no request can make it so any more. */
  async #refuse(id: UploadId, staged: StagedObject, actual: Digest): Promise<never> {
    await staged.discard();
    this.#sessions.forget(id);
    throw new RegistryError('DIGEST_INVALID', { detail: `the digest of what was received is ${actual}` });
  }
}

async function digestOfStaged(staged: StagedObject, algorithm: DigestAlgorithm): Promise<Digest> {
  const digester = new Digester(algorithm);
  for await (const chunk of staged.read()) digester.update(chunk);
  return digester.digest();
}
