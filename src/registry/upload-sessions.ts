// All upload sessions of this process, and how others are found again: on disk, or by their ids, after a restart, or when another process
// began them.
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { canonicalAlgorithm, type DigestAlgorithm, digestAlgorithms } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { RepositoryName } from '../oci/reference.ts';
import { newUploadId, type UploadId } from '../oci/upload-id.ts';
import type { Clock } from '../storage/clock.ts';
import type { ObjectStore, StagedAttributes, StagedInfo, StagedObject } from '../storage/object-store.ts';
import { ArrivingUploads } from './arriving-uploads.ts';
import { BegunUploads } from './begun-uploads.ts';
import type { GatherBudget } from './gathered-body.ts';
import type { Quotas, RepositoryQuotas } from './quota/quotas.ts';
import { SessionHash } from './session-hash.ts';
import { UnbegunUpload } from './unbegun-upload.ts';
import type { BegunUpload } from './upload-ids.ts';
import { type UploadLimitRules, UploadLimits } from './upload-limits.ts';
import {
  BegunElsewhereError,
  type HeldSession,
  isAt,
  isSessionOf,
  type SessionPlace,
  UploadSession,
} from './upload-session.ts';
import type { HashedBytes, UploadSharersOfMount } from './upload-sharers.ts';

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
  /** Names this process, or with others its server, among all that share the root. */
  readonly owner: string;
  readonly quotas: Quotas;
  readonly budget: GatherBudget;
  /** The other processes of the server; undefined where there are none. */
  readonly sharers?: UploadSharersOfMount | undefined;
}

/** One that no request has held yet. */
export interface StartedSession {
  readonly id: UploadId;
  readonly session: UploadSession;
  readonly found: StagedObject;
}

interface KnownOfSession {
  /** Given while nothing of it is stored. */
  readonly unbegun?: (() => UnbegunUpload) | undefined;
  /** What another process found out about its bytes. */
  readonly hashed?: HashedBytes | undefined;
}

export class UploadSessions {
  readonly #options: UploadSessionsOptions;
  readonly #local = new Map<UploadId, UploadSession>();
  readonly #begun: BegunUploads;
  readonly #arriving = new ArrivingUploads();
  /** Of each uploader. */
  readonly limits: UploadLimits;

  constructor(options: UploadSessionsOptions) {
    this.#options = options;
    const { store, clock, rules } = options;
    this.#begun = new BegunUploads({ store, clock, expireAfterMs: rules.uploadsExpireAfterMs });
    this.limits = new UploadLimits(store, rules);
  }

  /**
   * Stores nothing, unless the sessions of each user are counted: all processes count what is stored. Refuses ('no-space') when there is no
   * room for anything.
   */
  async start(place: SessionPlace, algorithm: DigestAlgorithm): Promise<StartedSession> {
    const { store, rules } = this.#options;
    await store.assertRoom(0);
    const issued = rules.uploadsPerUser === 'off' ? await this.#begun.begin(place, algorithm) : undefined;
    if (issued === undefined) return this.#stored(place, algorithm, newUploadId());
    const { id, begun } = issued;
    const unbegun = () => this.#unbegun(place, id, begun);
    return { id, session: this.#sessionOf(id, place, algorithm, { unbegun }), found: unbegun() };
  }

  /** One whose id says what it is about, so that it can be found again. */
  async startAs(id: UploadId, place: SessionPlace, algorithm: DigestAlgorithm): Promise<void> {
    await this.#options.store.assertRoom(0);
    await this.#stored(place, algorithm, id);
  }

  async #stored(place: SessionPlace, algorithm: DigestAlgorithm, id: UploadId): Promise<StartedSession> {
    const { store, clock } = this.#options;
    const attributes = this.#attributesOf(place, { algorithm, startedAtMs: clock.now() });
    const found = await this.limits.start(place.uploader, () => store.stage(id, attributes));
    return { id, session: this.#add(id, this.#sessionOf(id, place, algorithm, {})), found };
  }

  #unbegun(place: SessionPlace, id: UploadId, begun: BegunUpload): UnbegunUpload {
    return new UnbegunUpload({ store: this.#options.store, id, attributes: this.#attributesOf(place, begun) });
  }

  #attributesOf({ repository, uploader }: SessionPlace, { algorithm, startedAtMs }: BegunUpload): StagedAttributes {
    const by = uploader === undefined ? {} : { uploader };
    return { repository, ...by, algorithm, owner: this.#options.owner, startedAt: new Date(startedAtMs).toISOString() };
  }

  quotasOf(repository: RepositoryName): RepositoryQuotas {
    return this.#options.quotas.of(repository);
  }

  /** Does not take the session. */
  async peek(place: SessionPlace, id: UploadId): Promise<number | undefined> {
    const staged = await this.#options.store.resume(id);
    return isSessionOf(staged, place) ? staged.size() : undefined;
  }

  /** Throws BLOB_UPLOAD_UNKNOWN when there is no such session, it expired or ended, or it belongs to another repository or user. */
  async take<T>(place: SessionPlace, id: UploadId, work: (held: HeldSession) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await this.#take(place, id, work);
      } catch (error) {
        if (!(error instanceof BegunElsewhereError)) throw error;
      }
    }
  }

  async #take<T>(place: SessionPlace, id: UploadId, work: (held: HeldSession) => Promise<T>): Promise<T> {
    // Known before the turn is asked for: whoever guesses ids under another name must not interrupt a running upload.
    const known = this.#known(place, id);
    if (known !== undefined) return this.#hold(id, known, work);
    let arrived = () => {};
    let outcome: Promise<T>;
    try {
      const { session, found } = await this.#find(place, id, () => {
        arrived = this.#arriving.begin(id);
      });
      // Two requests may find it at the same time: they must take turns.
      const other = this.#known(place, id);
      outcome = other === undefined ? this.#hold(id, this.#add(id, session), work, found) : this.#hold(id, other, work);
    } finally {
      arrived();
    }
    return outcome;
  }

  /**
   * Another process of the server goes on with it. Resolves when nothing here writes to it any more, nor what was given to this process
   * before, and is not held yet.
   */
  async letGo(id: UploadId): Promise<HashedBytes | undefined> {
    // It may have been given in the very message that asks for it: whoever waited for it is told after this.
    await nextTurn();
    await this.#arriving.settled(id);
    const session = this.#local.get(id);
    if (session === undefined) return undefined;
    // At once: whoever comes from now on asks for it.
    this.#local.delete(id);
    const hashed = await session.letGo();
    this.#options.quotas.of(session.repository).holds(id, 0);
    return hashed;
  }

  /** Another process of the server has ended it. */
  endedElsewhere(id: UploadId): void {
    this.#begun.end(id);
    if (this.#local.get(id)?.busy === false) this.#local.delete(id);
  }

  /** What its id tells need not be remembered. */
  async #hold<T>(
    id: UploadId,
    session: UploadSession,
    work: (held: HeldSession) => Promise<T>,
    found?: StagedObject,
  ): Promise<T> {
    try {
      return await session.hold(work, found);
    } catch (error) {
      if (error instanceof BegunElsewhereError && this.#local.get(id) === session) this.#local.delete(id);
      throw error;
    } finally {
      if (!session.isBegun && !session.busy && this.#local.get(id) === session) this.#local.delete(id);
    }
  }

  /** A session of an earlier process, or of another one, or one that has no bytes. `onGiven`: the other processes of the server let go of it. */
  async #find(place: SessionPlace, id: UploadId, onGiven: () => void): Promise<StartedSession> {
    const { store, sharers } = this.#options;
    let found = await store.resume(id);
    let hashed: HashedBytes | undefined;
    // Only whose it is may have another process let go of it.
    if (sharers !== undefined && isSessionOf(found, place)) {
      hashed = await sharers.take(id);
      onGiven();
      found = await store.resume(id);
    }
    if (isSessionOf(found, place)) {
      const algorithm = digestAlgorithms.find((each) => each === found?.attributes.algorithm) ?? canonicalAlgorithm;
      return { id, session: this.#sessionOf(id, place, algorithm, { hashed }), found };
    }
    const begun = found === undefined ? await this.#begun.find(place, id) : undefined;
    if (begun === undefined) throw new RegistryError('BLOB_UPLOAD_UNKNOWN');
    const unbegun = () => this.#unbegun(place, id, begun);
    return { id, session: this.#sessionOf(id, place, begun.algorithm, { unbegun }), found: unbegun() };
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

  #sessionOf(
    id: UploadId,
    place: SessionPlace,
    algorithm: DigestAlgorithm,
    { unbegun, hashed }: KnownOfSession,
  ): UploadSession {
    const { store, owner, sharers } = this.#options;
    const onEnd = () => {
      this.#local.delete(id);
      this.#begun.end(id);
      this.#options.quotas.of(place.repository).holds(id, 0);
      sharers?.tellEnded(id);
    };
    const hash = new SessionHash(algorithm, hashed);
    return new UploadSession({ id, ...place, hash, store, owner, budget: this.#options.budget, unbegun, onEnd });
  }

  #add(id: UploadId, session: UploadSession): UploadSession {
    this.#local.set(id, session);
    return session;
  }

  /** Sessions that another process ended: it knows what became of their bytes. */
  #forgetEnded(ids: readonly UploadId[]): void {
    for (const id of ids) {
      const session = this.#local.get(id);
      if (session === undefined || session.busy) continue;
      this.#local.delete(id);
      this.#options.quotas.of(session.repository).holds(id, 0);
    }
  }
}
