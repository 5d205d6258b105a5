// How many uploads somebody may have open, and how many bytes in them that are no blob yet: a client that begins and never ends would
// fill the disk. All servers of a root count the same sessions.
import { RegistryError } from '../oci/error-code.ts';
import type { UploadId } from '../oci/upload-id.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { BodyLimit } from './quota/quotas.ts';

export interface UploadLimitRules {
  /** Whoever shows no name shares one. */
  readonly uploadsPerUser: number | 'off';
  readonly unfinishedBytesPerUser: number | 'off';
}

/** Clients try again by then; sessions end with their push, or when they expire. */
const retryAfter = { 'Retry-After': '5' };

interface OpenSession {
  /** Of whoever began it: that never changes. */
  readonly uploader: string | undefined;
  /** That it holds, or that room is kept for. */
  bytes: number;
}

/** While bytes come: what another process takes meanwhile shows on the disk. */
const lookEveryMs = 250;
/** Room is kept for so much more than has come: nothing is added up for each piece of a body. */
const stepBytes = 64 * 1024;

export class UploadLimits {
  readonly #store: ObjectStore;
  readonly #rules: UploadLimitRules;
  readonly #sessions = new Map<UploadId, OpenSession>();
  /** Those that take bytes now: what is known of them is more than a file tells. */
  readonly #growing = new Set<UploadId>();
  #lastStart: Promise<unknown> = Promise.resolve();
  readonly #lookEveryMs: number;
  #nextLookMs = 0;

  constructor(store: ObjectStore, rules: UploadLimitRules, everyMs = lookEveryMs) {
    this.#lookEveryMs = everyMs;
    this.#store = store;
    this.#rules = rules;
  }

  /** Throws TOOMANYREQUESTS (429). One begins after the other: of many at once each must see those before it. */
  start<Result>(uploader: string | undefined, begin: () => Promise<Result>): Promise<Result> {
    const { uploadsPerUser } = this.#rules;
    if (uploadsPerUser === 'off') return begin();
    const started = this.#lastStart.then(async () => {
      await this.#look();
      const open = this.#of(uploader).length;
      if (open >= uploadsPerUser) throw tooMany(`${open} uploads are open, and ${uploadsPerUser} are allowed`);
      return begin();
    });
    // Whoever waits for it is told; the next one has its turn all the same.
    this.#lastStart = started.catch(() => {});
    return started;
  }

  /** How many bytes of one session there may be, until `settle`; undefined: there is no bound. */
  async limitOf(uploader: string | undefined, id: UploadId): Promise<BodyLimit | undefined> {
    const { unfinishedBytesPerUser: allowed } = this.#rules;
    if (allowed === 'off') return undefined;
    await this.#look();
    const own = this.#sessions.get(id) ?? { uploader, bytes: 0 };
    this.#sessions.set(id, own);
    this.#growing.add(id);
    return { refusal: (bytes) => this.#take(own, bytes, allowed) };
  }

  /** So many bytes it holds now. */
  settle(id: UploadId, bytes: number): void {
    if (!this.#growing.delete(id)) return;
    const session = this.#sessions.get(id);
    if (session !== undefined) session.bytes = bytes;
  }

  #take(own: OpenSession, bytes: number, allowed: number): RegistryError | undefined {
    if (bytes <= own.bytes) return undefined;
    this.#lookAgain();
    const others = this.#of(own.uploader).reduce((sum, each) => (each === own ? sum : sum + each.bytes), 0);
    if (others + bytes > allowed) {
      return tooMany(`uploads that are not finished may hold ${allowed} bytes, and others hold ${others}`);
    }
    own.bytes = Math.min(allowed - others, bytes + Math.min(stepBytes, allowed / 1_000));
    return undefined;
  }

  /** Whoever begins next is told of a directory that cannot be read; what comes already is counted as it was. */
  #lookAgain(): void {
    const now = performance.now();
    if (now < this.#nextLookMs) return;
    this.#nextLookMs = now + this.#lookEveryMs;
    this.#look().catch(() => {});
  }

  #of(uploader: string | undefined): readonly OpenSession[] {
    return [...this.#sessions.values()].filter((session) => session.uploader === uploader);
  }

  /** At all that is there, also of other servers, and of those before. */
  async #look(): Promise<void> {
    const staged = await this.#store.staged();
    for (const { id, size } of staged) {
      const known = this.#sessions.get(id);
      if (known === undefined) {
        const uploader = (await this.#store.resume(id))?.attributes.uploader;
        if (!this.#sessions.has(id)) this.#sessions.set(id, { uploader, bytes: size });
      } else if (!this.#growing.has(id)) known.bytes = size;
    }
    const there = new Set(staged.map(({ id }) => id));
    for (const id of this.#sessions.keys()) if (!there.has(id) && !this.#growing.has(id)) this.#sessions.delete(id);
  }
}

function tooMany(detail: string): RegistryError {
  return new RegistryError('TOOMANYREQUESTS', { detail, headers: retryAfter });
}
