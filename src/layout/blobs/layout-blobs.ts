// The blobs of one layout as they are answered: what is there, whether it may be given away, and what must be looked at first.
import { type Digest, isDigest } from '../../oci/digest.ts';
import { openBytes } from '../../storage/bytes-in-memory.ts';
import type { ObjectInfo, ObjectReader, OpenObject } from '../../storage/object-store.ts';
import type { LayoutKeys } from '../files/keys.ts';
import type { BlobChecks, BlobFile, PassingCheck } from './blob-checks.ts';
import type { BlobLedger } from './blob-ledger.ts';
import type { SmallBlobs } from './small-blobs.ts';

export interface LayoutBlobsOptions {
  readonly store: ObjectReader;
  readonly keys: LayoutKeys;
  readonly checks: BlobChecks;
  /** Undefined: none are held in memory. */
  readonly small: SmallBlobs | undefined;
  /** The size that a manifest of the layout says the blob has; undefined when none says anything. */
  readonly statedSize: (digest: Digest) => Promise<number | undefined>;
}

export class LayoutBlobs {
  readonly #store: ObjectReader;
  readonly #keys: LayoutKeys;
  readonly #checks: BlobChecks;
  readonly #ledger: BlobLedger;
  readonly #small: SmallBlobs | undefined;
  readonly #statedSize: LayoutBlobsOptions['statedSize'];

  constructor({ store, keys, checks, small, statedSize }: LayoutBlobsOptions) {
    this.#small = small;
    this.#store = store;
    this.#keys = keys;
    this.#checks = checks;
    this.#ledger = checks.ledger;
    this.#statedSize = statedSize;
  }

  /** The size that a manifest of the layout says the blob has; undefined when none says anything. */
  statedSize(digest: Digest): Promise<number | undefined> {
    return this.#statedSize(digest);
  }

  /** The file, whatever is in it. */
  stat(digest: Digest): Promise<ObjectInfo | undefined> {
    return this.#store.stat(this.#keys.blob(digest));
  }

  /** The size that it seems to have, for a list of what is there; undefined also where it is known to be damaged. */
  async glance(digest: Digest): Promise<number | undefined> {
    return (await this.isDamaged(digest)) ? undefined : this.#store.glance(this.#keys.blob(digest));
  }

  /** Undefined also for a damaged file. A large one that nobody hashed yet is taken for what it says, and hashed later. */
  async find(digest: Digest): Promise<ObjectInfo | undefined> {
    const info = await this.stat(digest);
    if (info === undefined || this.#checks.isTrusted(digest, info)) return info;
    return (await this.#isAnswered(digest, info)) ? info : undefined;
  }

  /** The same, opened. A large one that nobody hashed yet is to be sent through its `passingCheck`. */
  async open(digest: Digest): Promise<OpenObject | undefined> {
    const file = this.file(digest);
    const small = this.#smallUnless(this.#ledger.isSuspect(digest));
    const known = await small?.find(digest, this.#store, file.key);
    if (known !== undefined) return openBytes(known.info, known.bytes);
    const object = await this.#openFile(file);
    return object && small ? this.#readSmall(small, file, object) : object;
  }

  /** The object itself where it is not small. */
  async #readSmall(small: SmallBlobs, file: BlobFile, object: OpenObject): Promise<OpenObject | undefined> {
    let isOpen = false;
    try {
      const read = await small.read(file.digest, object);
      if (read !== undefined && read !== 'wrong') return openBytes(read.info, read.bytes);
      // It changed since it was hashed, and its size and times were put back.
      const isRight = read === undefined || this.#checks.reads === 'off' || (await this.#checks.hash(file, object));
      isOpen = isRight;
      return isRight ? object : undefined;
    } finally {
      if (!isOpen) await object.close();
    }
  }

  /** What was found damaged once, and what is to be hashed for each answer, is read from its file. */
  #smallUnless(isSuspect: boolean): SmallBlobs | undefined {
    return isSuspect || this.#checks.reads === 'all' ? undefined : this.#small;
  }

  async #openFile(file: BlobFile): Promise<OpenObject | undefined> {
    const { digest } = file;
    const object = await this.#store.open(file.key);
    if (object === undefined) return undefined;
    const { info } = object;
    const { reads } = this.#checks;
    if (reads !== 'all' && this.#checks.isTrusted(digest, info)) return object;
    try {
      const known = await this.#checks.known(digest, info);
      const isUnread = known === undefined || (known && reads === 'all');
      const isRight = isUnread && this.#checks.isCheckedAtOnce(info) ? await this.#checks.hash(file, object) : known;
      if (isRight !== false) return object;
    } catch (error) {
      await object.close();
      throw error;
    }
    await object.close();
    return undefined;
  }

  /** For an object of `open` whose bytes will all be read in order; undefined when nobody need look at them. */
  passingCheck(digest: Digest, { info }: OpenObject): PassingCheck | undefined {
    const { reads } = this.#checks;
    if (this.#checks.isCheckedAtOnce(info) || reads === 'off') return undefined;
    if (reads === 'once' && this.#ledger.isRight(digest, info)) return undefined;
    return this.#checks.passing(this.file(digest), info);
  }

  /** For an object of `open` of which only a part will be read. */
  checkLater(digest: Digest, { info }: OpenObject): void {
    if (!this.#checks.isTrusted(digest, info)) this.#checks.later(this.file(digest));
  }

  /** True when damaged files are known at all, of any layout that shares what is known: false costs nothing. */
  async mayHoldDamaged(): Promise<boolean> {
    if (this.#checks.reads === 'off') return false;
    await this.#ledger.load();
    return this.#ledger.hasSuspects;
  }

  /** True for a file that was found not to hold what its name says, and still is so. */
  async isDamaged(digest: string): Promise<boolean> {
    if (!this.#ledger.isSuspect(digest) || !isDigest(digest)) return false;
    return (await this.stat(digest)) !== undefined && (await this.find(digest)) === undefined;
  }

  /** Reads the whole file, whatever is known of it. */
  hashAnew(digest: Digest): Promise<boolean> {
    return this.#checks.hashAnew(this.file(digest));
  }

  /** Where it lies, whether it is there or not. */
  file(digest: Digest): BlobFile {
    return { digest, key: this.#keys.blob(digest) };
  }

  /** May what is there be answered? */
  async #isAnswered(digest: Digest, info: ObjectInfo): Promise<boolean> {
    const known = await this.#checks.known(digest, info);
    if (known !== undefined) return known;
    const file = this.file(digest);
    if (this.#checks.isCheckedAtOnce(info)) return this.#checks.isRight(file);
    const stated = await this.#statedSize(digest);
    // A crash cut it short, or another program did: a client that is told that it is there would never push it again.
    if (stated !== undefined && stated !== info.size) return this.#checks.isRight(file);
    this.#checks.later(file);
    return true;
  }
}
