// Upload sessions (distribution-spec, Pushing Blobs): started, appended to in order, committed under a digest, cancelled, expired.
// The bytes on disk are the truth about progress, so a restart, another process or a lost connection resumes at the right byte.
import type { LayoutChanges } from '../layout/changes/layout-changes.ts';
import {
  algorithmOf,
  canonicalAlgorithm,
  type Digest,
  type DigestAlgorithm,
  Digester,
  digestOf,
} from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { UploadId } from '../oci/upload-id.ts';
import type { StagedObject } from '../storage/object-store.ts';
import type { BlobInfo } from './blobs.ts';
import type { BodyLimit, RepositoryQuotas } from './quota/quotas.ts';
import type { Chunk, UploadStatus } from './upload-chunk.ts';
import type { HeldSession, SessionPlace } from './upload-session.ts';
import type { UploadSessions } from './upload-sessions.ts';

interface Brought {
  /** Undefined while nobody says what it will be. */
  readonly digest: Digest | undefined;
  readonly before: number;
  readonly chunk: Chunk;
}

export class Uploads {
  readonly #place: SessionPlace;
  readonly #changes: LayoutChanges;
  readonly #sessions: UploadSessions;
  readonly #quotas: RepositoryQuotas;

  constructor(place: SessionPlace, changes: LayoutChanges, sessions: UploadSessions) {
    this.#place = place;
    this.#changes = changes;
    this.#sessions = sessions;
    this.#quotas = sessions.quotasOf(place.repository);
  }

  /** Those that somebody began and nobody else may go on with; undefined: those of nobody in particular. */
  of(uploader: string | undefined): Uploads {
    if (uploader === this.#place.uploader) return this;
    return new Uploads({ ...this.#place, uploader }, this.#changes, this.#sessions);
  }

  /** `algorithm` is the digest that will be named at the close, when the client announced it (distribution-spec main, end-4c). */
  async start({ algorithm = canonicalAlgorithm }: { algorithm?: DigestAlgorithm }): Promise<UploadStatus> {
    const { id } = await this.#sessions.start(this.#place, algorithm);
    return { id, size: 0 };
  }

  /** Goes on with the session of that id, or begins it: whoever derives the id from what is uploaded finds its bytes again. */
  async startOrResume(id: UploadId, algorithm: DigestAlgorithm): Promise<UploadStatus> {
    try {
      return await this.status(id);
    } catch (error) {
      if (!(error instanceof RegistryError && error.code === 'BLOB_UPLOAD_UNKNOWN')) throw error;
      await this.#sessions.startAs(id, this.#place, algorithm);
      return { id, size: 0 };
    }
  }

  /** The bytes that a session holds; whoever has it goes on undisturbed. Undefined when there is none of this repository. */
  peek(id: UploadId): Promise<number | undefined> {
    return this.#sessions.peek(this.#place, id);
  }

  /** Throws BLOB_UPLOAD_UNKNOWN, also for a session of another repository or user. */
  status(id: UploadId): Promise<UploadStatus> {
    return this.#sessions.take(this.#place, id, async ({ staged }) => ({ id, size: await staged.size() }));
  }

  /** Throws UploadRangeError when the chunk does not start where the session ends, or has another length than it says; the session is as before then. */
  append(id: UploadId, chunk: Chunk): Promise<UploadStatus> {
    return this.#sessions.take(this.#place, id, async (held) => {
      const before = await held.staged.size();
      return { id, size: await this.#append(held, id, { digest: undefined, before, chunk }) };
    });
  }

  /**
   * Appends the last chunk if there is one, checks the digest of the whole and publishes the blob, durably.
   * Throws UploadRangeError and keeps the session, or DIGEST_INVALID and discards it.
   */
  commit(id: UploadId, digest: Digest, lastChunk: Chunk): Promise<BlobInfo> {
    return this.#sessions.take(this.#place, id, (held) => this.#commit(held, id, digest, lastChunk));
  }

  /** Throws BLOB_UPLOAD_UNKNOWN. */
  cancel(id: UploadId): Promise<void> {
    return this.#sessions.take(this.#place, id, async (held) => {
      await held.staged.discard();
      held.end();
    });
  }

  /** A single POST with the whole blob (distribution-spec, end-4b). Throws DIGEST_INVALID and keeps nothing then. */
  async push(digest: Digest, chunk: Chunk): Promise<BlobInfo> {
    const { id, session, found } = await this.#sessions.start(this.#place, algorithmOf(digest));
    try {
      return await session.hold((held) => this.#commit(held, id, digest, chunk), found);
    } catch (error) {
      // Nobody finds it any more.
      this.#quotas.holds(id, 0);
      await this.#sessions.discard(id);
      throw error;
    }
  }

  async #commit(held: HeldSession, id: UploadId, digest: Digest, chunk: Chunk): Promise<BlobInfo> {
    const before = await held.staged.size();
    // Its room is kept until it is there.
    const small = await this.#bringing(held, id, { digest, before, chunk }, (limits) =>
      held.gather(chunk, limits, (bytes) => this.#commitBytes(held, id, digest, bytes)),
    );
    if (small !== undefined) return small;
    const end = await this.#append(held, id, { digest, before, chunk });
    try {
      const size = (await this.#commitOwn(held, digest, end)) ?? (await this.#commitCopy(held, digest));
      this.#quotas.arrived(id, digest, size);
      held.end();
      return { digest, size };
    } catch (error) {
      await held.giveUpSpace(error, before);
      throw error;
    }
  }

  /** A small blob that came in one piece: hashed and written once. */
  async #commitBytes(held: HeldSession, id: UploadId, digest: Digest, bytes: Buffer): Promise<BlobInfo> {
    const actual = digestOf(bytes, algorithmOf(digest));
    if (actual !== digest) return refuse(held, actual);
    await this.#changes.pushes.put(digest, bytes);
    this.#quotas.arrived(id, digest, bytes.byteLength);
    held.end();
    return { digest, size: bytes.byteLength };
  }

  #append(held: HeldSession, id: UploadId, brought: Brought): Promise<number> {
    return this.#bringing(held, id, brought, (limits) => held.append(brought.chunk, brought.before, limits));
  }

  /** Room is kept for what the request says that it brings and for what comes, and afterwards for what came: also where it broke off. */
  async #bringing<Result>(
    held: HeldSession,
    id: UploadId,
    { digest, before, chunk }: Brought,
    bring: (limits: readonly BodyLimit[]) => Promise<Result>,
  ): Promise<Result> {
    const { limits } = this.#sessions;
    const unfinished = await limits.limitOf(this.#place.uploader, id);
    if (!this.#quotas.isAny && unfinished === undefined) return bring([]);
    const length = chunk.body === undefined ? 0 : (chunk.length ?? 0);
    try {
      await this.#quotas.admit(id, { digest, bytes: before + length });
      return await bring([...this.#quotas.limits(id, digest), ...(unfinished === undefined ? [] : [unfinished])]);
    } finally {
      const size = await held.sizeAfter(before);
      limits.settle(id, size);
      this.#quotas.holds(id, size);
    }
  }

  /** The size of the blob; undefined, and nothing done, when another process may still hold the session's file open. */
  async #commitOwn(held: HeldSession, digest: Digest, size: number): Promise<number | undefined> {
    if (held.changedOwner) return undefined;
    const { staged, hash } = held;
    const actual = hash.digestOf(size, algorithmOf(digest)) ?? (await digestOfStaged(staged, algorithmOf(digest)));
    if (await held.wasTakenOver()) return undefined;
    if (actual !== digest) return refuse(held, actual);
    await this.#changes.pushes.adopt(digest, staged);
    return size;
  }

  /** An earlier owner may still hold the file open and would write into the blob after our answer: only a fresh copy is published. */
  async #commitCopy(held: HeldSession, digest: Digest): Promise<number> {
    const digester = new Digester(algorithmOf(digest));
    const copy = await this.#sessions.copy(this.#place.repository, held.staged, (chunk) => digester.update(chunk));
    try {
      if (digester.digest() !== digest) return await refuse(held, digester.digest());
      await this.#changes.pushes.adopt(digest, copy);
    } finally {
      await copy.discard();
    }
    await held.staged.discard();
    return digester.bytes;
  }
}

/** What was received is not what the client says: no request can make it so any more. */
async function refuse(held: HeldSession, actual: Digest): Promise<never> {
  await held.staged.discard();
  held.end();
  throw new RegistryError('DIGEST_INVALID', { detail: `the digest of what was received is ${actual}` });
}

async function digestOfStaged(staged: StagedObject, algorithm: DigestAlgorithm): Promise<Digest> {
  const digester = new Digester(algorithm);
  for await (const chunk of staged.read()) digester.update(chunk);
  return digester.digest();
}
