// Blobs that are symbolic links, as rules_oci and rules_img of Bazel write them: layers and the blobs of a base image lie elsewhere in the
// build's output. What a link leads to may be any file of the machine, so nothing of it is known to anybody, neither size nor existence,
// before all of it was hashed and found to be what the link is named by: whoever knows that name learns nothing new.
import { algorithmOf, type Digest } from '../../oci/digest.ts';
import type { FollowedFile } from '../../storage/filesystem/followed-link.ts';
import type { Log } from '../../storage/log.ts';
import type { Key, OpenObject } from '../../storage/object-store.ts';
import { recentMap } from '../../storage/recent-map.ts';
import { RecentSet } from '../../storage/recent-set.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { type LayoutPrefix, prefixOfBlobKey } from '../files/keys.ts';
import { digestOfObject } from '../pacing/paced-digest.ts';
import { Turns } from '../pacing/turns.ts';
import type { OtherBlobs } from './blobs-elsewhere.ts';

/** Read for whoever asks; a larger file only where a manifest says that the blob has that size. */
const readForAnyoneBytes = 64 * 1024 * 1024;
const maxKnown = 50_000;
const maxWarned = 1_000;
/** A stranger's link may lead to a file of any size: it never keeps others waiting for more than one such. */
const hashedAtOnce = 1;

export interface LinkRules {
  /** `verify`: followed where no pushes are taken, since what is acknowledged must not depend on a file that lies elsewhere. */
  readonly links: 'verify' | 'refuse';
}

export interface FollowsLinks {
  isLink(key: Key): boolean;
  /** Undefined where there is no link to a regular file that may be read. Whoever opened it closes it. */
  openFollowed(key: Key): Promise<FollowedFile | undefined>;
}

/** The size that a manifest of a layout says a blob has; undefined when none says anything. */
export type StatedSize = (prefix: LayoutPrefix, digest: Digest) => Promise<number | undefined>;

export class LinkedBlobs implements OtherBlobs {
  readonly #links: FollowsLinks;
  readonly #log: Log;
  #statedSize: StatedSize = async () => undefined;
  readonly #turns = new Turns(hashedAtOnce);
  /**
   * By digest and version, 1 for right. In memory alone: the whole version counts, its device included, and the number of a device says
   * nothing after a restart.
   */
  readonly #known = recentMap<string, 0 | 1>(maxKnown);
  readonly #running = new Map<string, Promise<boolean>>();
  readonly #ended = new AbortController();
  readonly #warned = new RecentSet(maxWarned);

  constructor(links: FollowsLinks, log: Log) {
    this.#links = links;
    this.#log = log;
  }

  /** Told by whoever reads the manifests of these layouts, in turn through this: they are never large. */
  limitBy(statedSize: StatedSize): void {
    this.#statedSize = statedSize;
  }

  mayHave(key: Key): boolean {
    return this.#links.isLink(key);
  }

  async glance(key: Key): Promise<number | undefined> {
    const file = await this.#links.openFollowed(key);
    await file?.close();
    return file?.info.size;
  }

  async open(key: Key, digest: Digest): Promise<OpenObject | undefined> {
    const file = await this.#links.openFollowed(key);
    if (file === undefined) return undefined;
    try {
      if (await this.#isRight(key, digest, file)) return file;
    } catch (error) {
      await file.close();
      throw error;
    }
    await file.close();
    return undefined;
  }

  async close(): Promise<void> {
    this.#ended.abort(new StorageError('unavailable', 'closed'));
  }

  async #isRight(key: Key, digest: Digest, file: FollowedFile): Promise<boolean> {
    const id = `${digest} ${file.info.version}`;
    const known = this.#known.get(id);
    if (known !== undefined) return known === 1;
    const running = this.#running.get(id);
    if (running === undefined && !(await this.#isWorthReading(key, digest, file))) return false;
    return (await (this.#running.get(id) ?? this.#hash(key, digest, file, id))) && file.isUnchanged();
  }

  async #isWorthReading(key: Key, digest: Digest, { info: { size } }: FollowedFile): Promise<boolean> {
    return size <= readForAnyoneBytes || (await this.#statedSize(prefixOfBlobKey(key), digest)) === size;
  }

  #hash(key: Key, digest: Digest, file: FollowedFile, id: string): Promise<boolean> {
    const hashed = this.#turns
      .run(() => isContentOf(file, digest, this.#ended.signal))
      .then((isRight) => {
        // What was written a moment ago may be written again without another version.
        if (file.info.settled && file.isUnchanged()) this.#known.set(id, isRight ? 1 : 0);
        if (!isRight) this.#warn(key);
        return isRight;
      })
      .finally(() => this.#running.delete(id));
    this.#running.set(id, hashed);
    return hashed;
  }

  /** Of the file itself, e.g. its digest, nothing is said: it may be anybody's. */
  #warn(key: Key): void {
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.#log.warn('a symbolic link among blobs does not lead to the blob: it is not served', { key });
  }
}

/** False also for a file that changes while it is read, and when nobody waits any more. */
async function isContentOf(file: FollowedFile, digest: Digest, signal: AbortSignal): Promise<boolean> {
  try {
    return (await digestOfObject(file, algorithmOf(digest), signal)) === digest;
  } catch (error) {
    if (error instanceof StorageError) return false;
    throw error;
  }
}
