// All upload sessions of this process, and how they are found again on disk: after a restart, or when another process began them.
import { Readable } from 'node:stream';
import { canonicalAlgorithm, type DigestAlgorithm, digestAlgorithms } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { RepositoryName } from '../oci/reference.ts';
import { newUploadId, type UploadId } from '../oci/upload-id.ts';
import type { Clock } from '../storage/clock.ts';
import type { ObjectStore, StagedObject } from '../storage/object-store.ts';
import { SessionHash } from './session-hash.ts';
import { SessionTurn } from './session-turn.ts';
import type { UploadStatus } from './upload-chunk.ts';

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
  readonly repository: RepositoryName;
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

  async start(repository: RepositoryName, algorithm: DigestAlgorithm, id = newUploadId()): Promise<UploadStatus> {
    const { store, clock, owner } = this.#options;
    await this.assertRoom(0);
    await store.stage(id, { repository, algorithm, owner, startedAt: new Date(clock.now()).toISOString() });
    this.#local.set(id, { repository, turn: new SessionTurn(), hash: new SessionHash(algorithm) });
    return { id, size: 0 };
  }

  /** Refuses bytes that there is no room for before they are received. */
  assertRoom(bytes: number): Promise<void> {
    return this.#options.store.assertRoom(bytes);
  }

  /** Does not take the session. */
  async peek(repository: RepositoryName, id: UploadId): Promise<number | undefined> {
    const staged = await this.#options.store.resume(id);
    return staged?.attributes.repository === repository ? staged.size() : undefined;
  }

  /** Throws BLOB_UPLOAD_UNKNOWN when there is no such session, it expired, or it belongs to another repository. */
  async take<T>(repository: RepositoryName, id: UploadId, work: (session: TakenSession) => Promise<T>): Promise<T> {
    // Known before the turn is asked for: whoever guesses ids under another name must not interrupt a running upload.
    const { turn, hash } = this.#known(repository, id) ?? (await this.#find(repository, id));
    return turn.take(async (signal) => {
      const staged = await this.#resume(repository, id);
      const changedOwner = await this.#own(staged);
      return work({ id, staged, hash, changedOwner, signal });
    });
  }

  /** True once another process has taken the session over, as the store says now and not as it said when the session was taken. */
  async changedOwner(repository: RepositoryName, id: UploadId): Promise<boolean> {
    const { attributes } = await this.#resume(repository, id);
    return attributes.owner !== this.#options.owner || attributes.changedOwner === 'true';
  }

  /** The session ended: committed, cancelled or refused for good. */
  forget(id: UploadId): void {
    this.#local.delete(id);
  }

  /** A fresh object with the bytes of `staged`, which no request can find. */
  async copy(
    repository: RepositoryName,
    staged: StagedObject,
    onChunk: (chunk: Uint8Array) => void,
  ): Promise<StagedObject> {
    const { store, owner } = this.#options;
    await this.assertRoom(await staged.size());
    const copy = await store.stage(newUploadId(), { repository, owner, copyOf: staged.id });
    const { signal } = new AbortController();
    try {
      await copy.append(Readable.from(staged.read()), { signal, onChunk });
    } catch (error) {
      await copy.discard();
      throw error;
    }
    return copy;
  }

  /** False when there was nothing to discard, or nothing that can be read as a session. */
  async discard(id: UploadId): Promise<boolean> {
    this.forget(id);
    const staged = await this.#options.store.resume(id);
    await staged?.discard();
    return staged !== undefined;
  }

  /** Removes what nobody touched for longer than sessions live; returns how many. Throws when some could not be removed. */
  async sweep(): Promise<number> {
    const { store, clock, expireAfterMs } = this.#options;
    const known = [...this.#local.keys()];
    const staged = await store.staged();
    const expired = staged.filter(({ modifiedAtMs }) => clock.now() - modifiedAtMs > expireAfterMs);
    const failures: unknown[] = [];
    let swept = 0;
    for (const { id } of expired) {
      if (this.#local.get(id)?.turn.busy) continue;
      try {
        if (await this.discard(id)) swept += 1;
      } catch (error) {
        failures.push(error);
      }
    }
    const existing = new Set(staged.map(({ id }) => id));
    this.#forgetEnded(known.filter((id) => !existing.has(id)));
    if (failures.length > 0) throw failures[0];
    return swept;
  }

  #known(repository: RepositoryName, id: UploadId): LocalSession | undefined {
    const local = this.#local.get(id);
    if (local !== undefined && local.repository !== repository) throw new RegistryError('BLOB_UPLOAD_UNKNOWN');
    return local;
  }

  /** A session of an earlier process, or of another one. */
  async #find(repository: RepositoryName, id: UploadId): Promise<LocalSession> {
    const { attributes } = await this.#resume(repository, id);
    // Two requests may look for it at the same time: they must share one turn.
    const known = this.#known(repository, id);
    if (known !== undefined) return known;
    const algorithm = digestAlgorithms.find((each) => each === attributes.algorithm) ?? canonicalAlgorithm;
    const local = { repository, turn: new SessionTurn(), hash: new SessionHash(algorithm) };
    this.#local.set(id, local);
    return local;
  }

  async #resume(repository: RepositoryName, id: UploadId): Promise<StagedObject> {
    const staged = await this.#options.store.resume(id);
    if (staged === undefined || staged.attributes.repository !== repository || staged.attributes.copyOf !== undefined) {
      this.forget(id);
      throw new RegistryError('BLOB_UPLOAD_UNKNOWN');
    }
    return staged;
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
  #forgetEnded(ids: readonly UploadId[]): void {
    for (const id of ids) if (!this.#local.get(id)?.turn.busy) this.#local.delete(id);
  }
}
