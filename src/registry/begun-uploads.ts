// Uploads that were begun and are stored nowhere: their ids, under the key of the root, are all that there is of them.
import { uploadSecretKey } from '../layout/files/keys.ts';
import type { DigestAlgorithm } from '../oci/digest.ts';
import type { UploadId } from '../oci/upload-id.ts';
import type { Clock } from '../storage/clock.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { RecentSet } from '../storage/recent-set.ts';
import { type BegunUpload, UploadIds } from './upload-ids.ts';
import type { SessionPlace } from './upload-session.ts';

/** One that was forgotten counts as begun and empty until its time is over: whoever sends its bytes again is not refused, and that is all. */
const maxEnded = 20_000;
/** Whether somebody was given the key. */
const askAgainMs = 60_000;

export interface BegunUploadsOptions {
  readonly store: Pick<ObjectStore, 'secret'>;
  readonly clock: Clock;
  readonly expireAfterMs: number;
}

export class BegunUploads {
  readonly #options: BegunUploadsOptions;
  /** Their ids would still tell that they were begun. */
  readonly #ended = new RecentSet(maxEnded);
  #ids: UploadIds | undefined;
  /** Until then nobody asks for the key again, which was another user's: the log is told each time. */
  #forbiddenUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: BegunUploadsOptions) {
    this.#options = options;
  }

  /** Undefined where the key is another user's: sessions are stored from the start then. */
  async begin(
    place: SessionPlace,
    algorithm: DigestAlgorithm,
  ): Promise<{ readonly id: UploadId; readonly begun: BegunUpload } | undefined> {
    const ids = await this.#idsOf('make');
    const { clock } = this.#options;
    if (ids === undefined && !this.#isForbidden) this.#forbiddenUntilMs = clock.elapsed() + askAgainMs;
    const begun = { algorithm, startedAtMs: clock.now() };
    return ids && { id: ids.issue(place, begun), begun };
  }

  /** Undefined for an id that was not given out for that place, that expired, or that this process saw end. Writes nothing. */
  async find(place: SessionPlace, id: UploadId): Promise<BegunUpload | undefined> {
    const { clock, expireAfterMs } = this.#options;
    const begun = this.#ended.has(id) ? undefined : (await this.#idsOf('find'))?.read(id, place);
    const isOver = begun !== undefined && clock.now() - begun.startedAtMs > expireAfterMs;
    return isOver ? undefined : begun;
  }

  end(id: UploadId): void {
    this.#ended.add(id);
  }

  get #isForbidden(): boolean {
    return this.#options.clock.elapsed() < this.#forbiddenUntilMs;
  }

  /** Where there is no key, no id was given out: none is made for one that somebody asks for. */
  async #idsOf(how: 'make' | 'find'): Promise<UploadIds | undefined> {
    if (this.#ids !== undefined || this.#isForbidden) return this.#ids;
    const key = await this.#options.store.secret(uploadSecretKey, how);
    if (key !== undefined) this.#ids ??= new UploadIds(key);
    return this.#ids;
  }
}
