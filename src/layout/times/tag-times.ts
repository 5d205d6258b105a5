// When tags were pushed without a change, and when they were pulled: what neither index.json nor a file says.
// Noted where retention may ask for it, in lines that every process of the root appends.
import type { Digest } from '../../oci/digest.ts';
import type { Tag } from '../../oci/reference.ts';
import type { Clock } from '../../storage/clock.ts';
import { LateWrite } from '../../storage/late-write.ts';
import type { Log } from '../../storage/log.ts';
import type { Key, ObjectStore } from '../../storage/object-store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { VirtualPath } from '../names/name-table.ts';
import { printTagTime, type TagTime } from './tag-time-lines.ts';

export interface TagTimes {
  /** A push that leaves the tag as it is; told under the lock, where a rule that would take the tag away looks. */
  pushed(path: VirtualPath, tag: Tag): Promise<void>;
  /** Costs a look into memory for all but the first of an hour. */
  pulledTag(path: VirtualPath, tag: Tag): void;
  /** docker and containerd ask what a tag means, and pull by digest. */
  pulledDigest(digest: Digest): void;
  /** Writes down what waits. */
  flush(): Promise<void>;
}

/** At most once for each tag and digest. */
const pullsEveryMs = 3_600_000;
/** The oldest are forgotten first, and noted anew. */
const maxNoted = 20_000;
const writeAfterMs = 500;

export interface KeptTagTimesOptions {
  readonly store: ObjectStore;
  readonly key: Key;
  readonly clock: Clock;
  readonly log: Log;
}

export class KeptTagTimes implements TagTimes {
  readonly #options: KeptTagTimesOptions;
  /** When a pull was last noted, by the clock that never goes back, in the order of these times. */
  readonly #noted = new Map<string, number>();
  #unwritten: TagTime[] = [];
  readonly #late = new LateWrite(() => this.#write(), writeAfterMs);
  #isFailing = false;

  constructor(options: KeptTagTimesOptions) {
    this.#options = options;
  }

  pushed(path: VirtualPath, tag: Tag): Promise<void> {
    return this.#append([{ kind: 'push', path, tag, atMs: this.#options.clock.now() }]);
  }

  pulledTag(path: VirtualPath, tag: Tag): void {
    if (!this.#isDue(`${tag} ${path}`)) return;
    this.#later({ kind: 'pull', path, tag, atMs: this.#options.clock.now() });
  }

  pulledDigest(digest: Digest): void {
    if (!this.#isDue(digest)) return;
    this.#later({ kind: 'pull-digest', digest, atMs: this.#options.clock.now() });
  }

  flush(): Promise<void> {
    return this.#late.now();
  }

  async #write(): Promise<void> {
    const times = this.#unwritten;
    this.#unwritten = [];
    if (times.length > 0) await this.#append(times);
  }

  #isDue(what: string): boolean {
    const nowMs = this.#options.clock.elapsed();
    const noted = this.#noted.get(what);
    if (noted !== undefined && nowMs - noted < pullsEveryMs) return false;
    this.#noted.delete(what);
    this.#noted.set(what, nowMs);
    if (this.#noted.size > maxNoted) {
      const [oldest] = this.#noted.keys();
      if (oldest !== undefined) this.#noted.delete(oldest);
    }
    return true;
  }

  #later(time: TagTime): void {
    this.#unwritten.push(time);
    this.#late.soon();
  }

  /** On a full disk pulls and pushes go on. What is not written down only makes a tag look older than it is: the log says so. */
  async #append(times: readonly TagTime[]): Promise<void> {
    const { store, key, log } = this.#options;
    try {
      await store.append(key, Buffer.from(times.map(printTagTime).join('')));
      this.#isFailing = false;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      for (const time of times)
        this.#noted.delete(time.kind === 'pull-digest' ? time.digest : `${time.tag} ${time.path}`);
      if (!this.#isFailing) log.warn('times of pushes and pulls cannot be written down', { error });
      this.#isFailing = true;
    }
  }
}

export const noTagTimes: TagTimes = {
  pushed: async () => {},
  pulledTag: () => {},
  pulledDigest: () => {},
  flush: async () => {},
};
