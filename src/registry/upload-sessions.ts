// All upload sessions of this process, and how they are found again on disk: after a restart, or when another process began them.
import { Readable } from 'node:stream';
import { canonicalAlgorithm, type DigestAlgorithm, digestAlgorithms } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { RepositoryName } from '../oci/reference.ts';
import { newUploadId, type UploadId } from '../oci/upload-id.ts';
import type { Clock } from '../storage/clock.ts';
import type { ObjectStore, StagedObject } from '../storage/object-store.ts';
import { SessionHash, SessionTurn } from './upload-session.ts';
import type { UploadStatus } from './uploads.ts';

/** A session while one request holds it. */
export interface TakenSession {
  readonly id: UploadId;
  readonly staged: StagedObject;
  readonly hash: SessionHash;
  /** Another process had it at some time: its bytes may still change under us. */
  readonly changedOwner: boolean;
  /** Aborted when a later request wants the session. */
  readonly signal: AbortSignal;
}

interface LocalSession {
  readonly turn: SessionTurn;
  readonly hash: SessionHash;
}

export interface UploadSessionsOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** After this long without a byte a session is gone (distribution-spec main: a registry SHOULD time out sessions). */
  readonly expireAfterMs: number;
  /** Names this process among all that share the root. */
  readonly owner: string;
}

export class UploadSessions {
  readonly #options: UploadSessionsOptions;
  readonly #local = new Map<UploadId, LocalSession>();

  constructor(options: UploadSessionsOptions) {
    this.#options = options;
  }

  async start(repository: RepositoryName, algorithm: DigestAlgorithm): Promise<UploadStatus> {
    const id = newUploadId();
    const { store, clock, owner } = this.#options;
    await store.stage(id, { repository, algorithm, owner, startedAt: new Date(clock.now()).toISOString() });
    this.#local.set(id, { turn: new SessionTurn(), hash: new SessionHash(algorithm) });
    return { id, size: 0 };
  }

  /** Throws BLOB_UPLOAD_UNKNOWN when there is no such session, it expired, or it belongs to another repository. */
  async take<T>(repository: RepositoryName, id: UploadId, work: (session: TakenSession) => Promise<T>): Promise<T> {
    const turn = this.#local.get(id)?.turn ?? new SessionTurn();
    return turn.take(async (signal) => {
      const staged = await this.#resume(repository, id);
      const local = this.#localOf(id, turn, staged);
      const changedOwner = await this.#own(staged);
      return work({ id, staged, hash: local.hash, changedOwner, signal });
    });
  }

  /** The session ended: committed, cancelled or refused for good. */
  forget(id: UploadId): void {
    this.#local.delete(id);
  }

  /** A fresh session-less object with the bytes of `staged`. */
  async copy(
    repository: RepositoryName,
    staged: StagedObject,
    onChunk: (chunk: Uint8Array) => void,
  ): Promise<StagedObject> {
    const { store, owner } = this.#options;
    const copy = await store.stage(newUploadId(), { repository, owner, copyOf: staged.id });
    const { signal } = new AbortController();
    await copy.append(Readable.from(staged.read()), { signal, onChunk });
    return copy;
  }

  async discard(id: UploadId): Promise<void> {
    this.#local.delete(id);
    await (await this.#options.store.resume(id))?.discard();
  }

  /** Removes what nobody touched for longer than sessions live; returns how many. */
  async sweep(): Promise<number> {
    const { store, clock, expireAfterMs } = this.#options;
    const staged = await store.staged();
    const expired = staged.filter(
      ({ id, modifiedAtMs }) => clock.now() - modifiedAtMs > expireAfterMs && !this.#local.get(id)?.turn.busy,
    );
    for (const { id } of expired) await this.discard(id);
    this.#forgetAllBut(new Set(staged.map(({ id }) => id)));
    return expired.length;
  }

  async #resume(repository: RepositoryName, id: UploadId): Promise<StagedObject> {
    const staged = await this.#options.store.resume(id);
    if (staged === undefined || staged.attributes.repository !== repository || staged.attributes.copyOf !== undefined) {
      throw new RegistryError('BLOB_UPLOAD_UNKNOWN');
    }
    return staged;
  }

  #localOf(id: UploadId, turn: SessionTurn, staged: StagedObject): LocalSession {
    const known = this.#local.get(id);
    if (known !== undefined) return known;
    const algorithm = digestAlgorithms.find((each) => each === staged.attributes.algorithm) ?? canonicalAlgorithm;
    const local = { turn, hash: new SessionHash(algorithm) };
    this.#local.set(id, local);
    return local;
  }

  /** Makes this process the owner; true when the session ever had another one, which may still hold its file open. */
  async #own(staged: StagedObject): Promise<boolean> {
    const { owner } = this.#options;
    if (staged.attributes.owner !== owner) {
      await staged.setAttributes({ ...staged.attributes, owner, changedOwner: 'true' });
      return true;
    }
    return staged.attributes.changedOwner === 'true';
  }

  /** Sessions that another process ended. */
  #forgetAllBut(ids: ReadonlySet<UploadId>): void {
    for (const [id, { turn }] of this.#local) if (!ids.has(id) && !turn.busy) this.#local.delete(id);
  }
}
