// Whether the files of blobs hold what their names say. What nobody here hashed is hashed before it is first answered, or while
// it is sent where it is large, once for each version of the file. A damaged file is never removed: it may be evidence, or
// another program may be writing it at this moment.
import { algorithmOf, type Digest, Digester } from '../../oci/digest.ts';
import type { Log } from '../../storage/log.ts';
import type { Key, ObjectInfo, ObjectReader, OpenObject, VersionLabel } from '../../storage/object-store.ts';
import { poolKey } from '../files/keys.ts';
import type { BackgroundWork } from '../pacing/background-work.ts';
import { digestOfObject } from '../pacing/paced-digest.ts';
import { Turns } from '../pacing/turns.ts';
import type { BlobLedger } from './blob-ledger.ts';

export interface BlobReadRules {
  /** `once`: for each version of a file. `all`: each download is hashed. `off`: none is, and what was found damaged is served all the same. */
  readonly verifyReads: 'once' | 'all' | 'off';
}

/** Hashed in a tenth of a second, which a client waits for; must be more than is sent in one piece. */
export const checkedAtOnceBytes = 64 * 1024 * 1024;

/** Reads wait for the disk while another one is hashed; more would only keep other requests from the processor. */
const checksAtOnce = 2;

/** An operator wants to know that there are some, and where to begin. */
const maxKnownDamaged = 200;

/** A blob's bytes as they pass by on their way to a client: all of them, in order. */
export interface PassingCheck {
  update(chunk: Uint8Array): void;
  /** Asked before the last bytes are given away. */
  isRight(): Promise<boolean>;
}

export interface BlobFile {
  readonly digest: Digest;
  readonly key: Key;
}

/** Reads as `OpenObject.readInto` does, and waits until more may be read. */
export type PacedRead = (object: OpenObject, buffer: Uint8Array, at: number) => Promise<number>;

export interface BlobChecksOptions {
  readonly store: ObjectReader;
  readonly ledger: BlobLedger;
  readonly background: BackgroundWork;
  readonly log: Log;
  readonly reads: BlobReadRules['verifyReads'];
  /** Up to this size a blob is hashed before it is first answered. */
  readonly atOnceBytes: number;
}

export class BlobChecks {
  readonly ledger: BlobLedger;
  readonly reads: BlobReadRules['verifyReads'];
  readonly #options: BlobChecksOptions;
  readonly #turns = new Turns(checksAtOnce);
  readonly #running = new Map<string, Promise<boolean>>();
  readonly #later = new Set<Key>();
  /** Found by this process, the last ones. */
  readonly #damaged = new Map<Key, Digest>();

  constructor(options: BlobChecksOptions) {
    this.#options = options;
    this.ledger = options.ledger;
    this.reads = options.reads;
  }

  /** True for what may be answered as it is: what nearly every request is about. */
  isTrusted(digest: Digest, info: ObjectInfo): boolean {
    return this.reads === 'off' || this.ledger.isRight(digest, info);
  }

  /** True for what may be answered only after it was hashed, and is small enough for that to come first. */
  isCheckedAtOnce({ size }: ObjectInfo): boolean {
    return size <= this.#options.atOnceBytes;
  }

  /** What is known, also from earlier runs; undefined when nobody knows. */
  async known(digest: Digest, info: ObjectInfo): Promise<boolean | undefined> {
    await this.ledger.load();
    if (this.ledger.isRight(digest, info)) return true;
    return this.ledger.isDamaged(digest, info) ? false : undefined;
  }

  /** False for a file that does not hold what its name says, or that is gone. Hashes it unless that is known. */
  async isRight(file: BlobFile): Promise<boolean> {
    return this.#opened(file, async (object) => {
      return (await this.known(file.digest, object.info)) ?? (await this.hash(file, object));
    });
  }

  /** Hashes it whatever is known. */
  async hashAnew(file: BlobFile): Promise<boolean> {
    return this.#opened(file, (object) => this.hash(file, object));
  }

  /**
   * Reads it whatever is known, as slowly as `read` lets its bytes be read, and besides the checks that somebody waits for. Undefined where
   * it is gone. Throws the signal's reason, and what the store throws.
   */
  async hashSlowly(file: BlobFile, read: PacedRead, signal: AbortSignal): Promise<boolean | undefined> {
    const object = await this.#options.store.open(file.key);
    if (object === undefined) return undefined;
    try {
      const { info } = object;
      const readInto: OpenObject['readInto'] = (buffer, at) => read(object, buffer, at);
      return await this.#learn(file, info, await digestOfObject({ info, readInto }, algorithmOf(file.digest), signal));
    } finally {
      await object.close();
    }
  }

  /** Reads an open blob to its end, now; whoever asks meanwhile waits for the same. The object must stay open. */
  hash(file: BlobFile, object: OpenObject): Promise<boolean> {
    const id = `${file.digest} ${object.info.version}`;
    const running = this.#running.get(id);
    if (running !== undefined) return running;
    const hashed = this.#turns
      .run(() => digestOfObject(object, algorithmOf(file.digest)))
      .then((actual) => this.#learn(file, object.info, actual))
      .finally(() => this.#running.delete(id));
    this.#running.set(id, hashed);
    return hashed;
  }

  /** Hashed in the background unless that is known by then. */
  later(file: BlobFile): void {
    const { key } = file;
    if (this.#later.has(key)) return;
    const isTaken = this.#options.background.add(key, async (signal) => {
      try {
        await this.#checkInBackground(file, signal);
      } finally {
        this.#later.delete(key);
      }
    });
    if (isTaken) this.#later.add(key);
  }

  /**
   * Files that are known to be damaged now: those that this process found, and of those that others found what lies in the pool. Costs a
   * stat of each, of so many at most.
   */
  async damagedNow(): Promise<readonly Key[]> {
    await this.ledger.load();
    const { store } = this.#options;
    const candidates = new Map(this.#damaged);
    // The newest first: of the others most were mended long ago.
    for (const digest of [...this.ledger.suspects()].reverse()) {
      if (candidates.size >= maxKnownDamaged) break;
      candidates.set(poolKey(digest), digest);
    }
    /** By what they are: a file has a name in each repository that shares it. */
    const damaged = new Map<VersionLabel, Key>();
    for (const [key, digest] of candidates) {
      const info = await store.stat(key);
      if (info === undefined || !this.ledger.isDamaged(digest, info)) this.#damaged.delete(key);
      else if (!damaged.has(info.label)) damaged.set(info.label, key);
    }
    return [...damaged.values()];
  }

  passing(file: BlobFile, info: ObjectInfo): PassingCheck {
    const digester = new Digester(algorithmOf(file.digest));
    return {
      update: (chunk) => digester.update(chunk),
      isRight: () => this.#learn(file, info, digester.digest()),
    };
  }

  #checkInBackground(file: BlobFile, signal: AbortSignal): Promise<boolean> {
    return this.#opened(file, async (object) => {
      const known = await this.known(file.digest, object.info);
      return known ?? this.#learn(file, object.info, await digestOfObject(object, algorithmOf(file.digest), signal));
    });
  }

  async #opened(file: BlobFile, work: (object: OpenObject) => Promise<boolean>): Promise<boolean> {
    const object = await this.#options.store.open(file.key);
    if (object === undefined) return false;
    try {
      return await work(object);
    } finally {
      await object.close();
    }
  }

  /** Remembered only of a version that is still there and can no longer change unseen: the next one is looked at again. */
  async #learn({ digest, key }: BlobFile, info: ObjectInfo, actual: Digest): Promise<boolean> {
    const { store, log } = this.#options;
    const isRight = actual === digest;
    const now = info.settled ? await store.stat(key) : undefined;
    if (isRight) {
      if (now?.label === info.label) this.ledger.setRight(digest, info);
      return true;
    }
    if (now?.version === info.version) this.ledger.setDamaged(digest, info);
    else this.ledger.suspect(digest);
    this.#damaged.delete(key);
    if (this.#damaged.size < maxKnownDamaged) this.#damaged.set(key, digest);
    log.warn(
      'a blob file does not hold what its name says: it is not served until it is pushed, or moorage verify --repair finds a copy',
      {
        ...{ key, digest, actual, size: info.size },
      },
    );
    return false;
  }
}
