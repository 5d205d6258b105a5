// All upload sessions of this process, and how they are found again on disk: after a restart, or when another process began them.
import { Readable } from 'node:stream';
import { canonicalAlgorithm, type DigestAlgorithm, digestAlgorithms } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { RepositoryName } from '../oci/reference.ts';
import { newUploadId, type UploadId } from '../oci/upload-id.ts';
import type { Clock } from '../storage/clock.ts';
import type { ObjectStore, StagedInfo, StagedObject } from '../storage/object-store.ts';
import type { Quotas, RepositoryQuotas } from './quota/quotas.ts';
import { SessionHash } from './session-hash.ts';
import { type UploadLimitRules, UploadLimits } from './upload-limits.ts';
import { type HeldSession, isAt, isSessionOf, type SessionPlace, UploadSession } from './upload-session.ts';

export interface UploadRules extends UploadLimitRules {
  /** After this long without a byte a session is gone (distribution-spec main: a registry SHOULD time out sessions). */
  readonly uploadsExpireAfterMs: number;
}

/** How long ago something was, in milliseconds: the clock may have jumped since. */
export interface UploadAges {
  since(atMs: number): number;
}

/** Nobody touched it for longer than sessions live. */
export function isExpired({ modifiedAtMs }: StagedInfo, rules: UploadRules, ages: UploadAges): boolean {
  return ages.since(modifiedAtMs) > rules.uploadsExpireAfterMs;
}

export interface UploadSessionsOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly rules: UploadRules;
  /** Names this process among all that share the root. */
  readonly owner: string;
  readonly quotas: Quotas;
}

/** One that no request has held yet. */
export interface StartedSession {
  readonly id: UploadId;
  readonly session: UploadSession;
  readonly staged: StagedObject;
}

export class UploadSessions {
  readonly #options: UploadSessionsOptions;
  readonly #local = new Map<UploadId, UploadSession>();
  /** Of each uploader. */
  readonly limits: UploadLimits;

  constructor(options: UploadSessionsOptions) {
    this.#options = options;
    this.limits = new UploadLimits(options.store, options.rules);
  }

  /** Refuses ('no-space') when there is no room for anything. */
  async start(place: SessionPlace, algorithm: DigestAlgorithm, id = newUploadId()): Promise<StartedSession> {
    const { store, clock, owner } = this.#options;
    await store.assertRoom(0);
    const startedAt = new Date(clock.now()).toISOString();
    const { repository, uploader } = place;
    const by = uploader === undefined ? {} : { uploader };
    const staged = await this.limits.start(uploader, () =>
      store.stage(id, { repository, ...by, algorithm, owner, startedAt }),
    );
    return { id, session: this.#add(place, id, algorithm), staged };
  }

  quotasOf(repository: RepositoryName): RepositoryQuotas {
    return this.#options.quotas.of(repository);
  }

  /** Does not take the session. */
  async peek(place: SessionPlace, id: UploadId): Promise<number | undefined> {
    const staged = await this.#options.store.resume(id);
    return isSessionOf(staged, place) ? staged.size() : undefined;
  }

  /** Throws BLOB_UPLOAD_UNKNOWN when there is no such session, it expired, or it belongs to another repository or user. */
  async take<T>(place: SessionPlace, id: UploadId, work: (held: HeldSession) => Promise<T>): Promise<T> {
    // Known before the turn is asked for: whoever guesses ids under another name must not interrupt a running upload.
    const known = this.#known(place, id);
    if (known !== undefined) return known.hold(work);
    // A session of an earlier process, or of another one.
    const found = await this.#options.store.resume(id);
    if (!isSessionOf(found, place)) throw new RegistryError('BLOB_UPLOAD_UNKNOWN');
    // Two requests may find it at the same time: they must take turns.
    const other = this.#known(place, id);
    if (other !== undefined) return other.hold(work);
    const algorithm = digestAlgorithms.find((each) => each === found.attributes.algorithm) ?? canonicalAlgorithm;
    return this.#add(place, id, algorithm).hold(work, found);
  }

  /** A fresh object with the bytes of `staged`, which no request can find. */
  async copy(
    repository: RepositoryName,
    staged: StagedObject,
    onChunk: (chunk: Uint8Array) => void,
  ): Promise<StagedObject> {
    const { store, owner } = this.#options;
    await store.assertRoom(await staged.size());
    const copy = await store.stage(newUploadId(), { repository, owner, copyOf: staged.id });
    try {
      await copy.append(Readable.from(staged.read()), { onChunk });
    } catch (error) {
      await copy.discard();
      throw error;
    }
    return copy;
  }

  /** False when there was nothing to discard, or nothing that can be read as a session. */
  async discard(id: UploadId): Promise<boolean> {
    const known = this.#local.get(id);
    this.#local.delete(id);
    const staged = await this.#options.store.resume(id);
    await staged?.discard();
    if (known !== undefined) this.#options.quotas.of(known.repository).holds(id, 0);
    return staged !== undefined;
  }

  /** Removes what nobody touched for longer than sessions live, and what failed writes left; returns what expired. Throws when some could not be removed. */
  async sweep(ages: UploadAges): Promise<readonly StagedInfo[]> {
    const { store, rules } = this.#options;
    const known = [...this.#local.keys()];
    await store.sweep();
    const staged = await store.staged();
    const expired = staged.filter((each) => isExpired(each, rules, ages));
    const failures: unknown[] = [];
    const swept: StagedInfo[] = [];
    for (const each of expired) {
      const { id } = each;
      if (this.#local.get(id)?.busy) continue;
      try {
        if (await this.discard(id)) swept.push(each);
      } catch (error) {
        failures.push(error);
      }
    }
    const existing = new Set(staged.map(({ id }) => id));
    this.#forgetEnded(known.filter((id) => !existing.has(id)));
    if (failures.length > 0) throw failures[0];
    return swept;
  }

  #known(place: SessionPlace, id: UploadId): UploadSession | undefined {
    const session = this.#local.get(id);
    if (session !== undefined && !isAt(session, place)) throw new RegistryError('BLOB_UPLOAD_UNKNOWN');
    return session;
  }

  #add(place: SessionPlace, id: UploadId, algorithm: DigestAlgorithm): UploadSession {
    const { store, owner } = this.#options;
    const onEnd = () => {
      this.#local.delete(id);
      this.#options.quotas.of(place.repository).holds(id, 0);
    };
    const session = new UploadSession({ id, ...place, hash: new SessionHash(algorithm), store, owner, onEnd });
    this.#local.set(id, session);
    return session;
  }

  /** Sessions that another process ended. */
  #forgetEnded(ids: readonly UploadId[]): void {
    for (const id of ids) if (!this.#local.get(id)?.busy) this.#local.delete(id);
  }
}
