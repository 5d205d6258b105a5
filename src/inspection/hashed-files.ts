// What an inspection hashed: no file is read twice in one run, however many repositories link to it, and what came of it is kept where the
// server of the directory reads it, who may know nothing of it: the bytes of a file can rot while its attributes stay.
import type { LRUCache } from 'lru-cache';
import { BlobLedger, keptBlobFacts, readBlobFacts } from '../layout/blobs/blob-ledger.ts';
import { ownFactsDirectory } from '../layout/files/keys.ts';
import type { OpenedMount } from '../mounts/opened-mount.ts';
import { ownFacts } from '../mounts/own-facts.ts';
import type { Digest } from '../oci/digest.ts';
import type { Log } from '../storage/log.ts';
import type { Key, ObjectInfo, ObjectReader, ObjectStore } from '../storage/object-store.ts';
import { recentMap } from '../storage/recent-map.ts';

/** A quarter of a kilobyte each: what was forgotten is read again. */
const maxFiles = 200_000;

/** What was read whole. */
export interface HashedTotals {
  files: number;
  bytes: number;
}

interface OpenedLedgers {
  readonly totals: HashedTotals;
  /** What others found out before. */
  readonly known: readonly BlobLedger[];
  /** Where it is kept. */
  readonly ledgers: readonly BlobLedger[];
  /** Opened for them; undefined where the mount's own store is used. */
  readonly store: ObjectStore | undefined;
}

/** What somebody does who wants to know of each damaged file. */
type OnDamaged = (digest: Digest) => void;

export class HashedFiles {
  /** 1: right. By digest and version, so hard links of one file are one. */
  readonly #files: LRUCache<string, number>;
  readonly #opened: OpenedLedgers;
  readonly #onDamaged: OnDamaged;

  private constructor(
    opened: OpenedLedgers,
    onDamaged: OnDamaged = () => {},
    files = recentMap<string, number>(maxFiles),
  ) {
    this.#opened = opened;
    this.#onDamaged = onDamaged;
    this.#files = files;
  }

  /** Of one mount. To be closed. Nothing is written into a directory that no server ever wrote to. */
  static async of(
    mount: OpenedMount,
    { log, totals }: { readonly log: Log; readonly totals: HashedTotals },
  ): Promise<HashedFiles> {
    const own = await ownFacts(mount, log);
    const places = [mount.facts, own].filter((place) => place !== undefined);
    const ledgers = places.map((place) => new BlobLedger(keptBlobFacts(place, { log })));
    for (const ledger of ledgers) await ledger.load();
    return new HashedFiles({ known: ledgers, ledgers, store: own?.store, totals });
  }

  /** Tells what is known, and keeps nothing: for who does not read whole files. */
  static async known({ facts, reader, kind }: OpenedMount): Promise<HashedFiles> {
    const known = [
      ...(facts === undefined ? [] : [await readBlobFacts(facts.store, facts.directory)]),
      ...(kind === 'archive' ? [] : [await readBlobFacts(reader, ownFactsDirectory)]),
    ];
    return new HashedFiles({ known, ledgers: [], store: undefined, totals: { files: 0, bytes: 0 } });
  }

  /** Kept nowhere. */
  static forgetful(): HashedFiles {
    return new HashedFiles({ known: [], ledgers: [], store: undefined, totals: { files: 0, bytes: 0 } });
  }

  /** The same memory, for who wants to know of each damaged file, once for each time that it is met. */
  watched(onDamaged: OnDamaged): HashedFiles {
    return new HashedFiles(this.#opened, onDamaged, this.#files);
  }

  /** False for nearly all: of others `isKnownDamaged` tells. */
  isSuspect(digest: Digest): boolean {
    return this.#opened.known.some((ledger) => ledger.isSuspect(digest));
  }

  /** Somebody read this very version before, and it was wrong. */
  isKnownDamaged(digest: Digest, info: ObjectInfo): boolean {
    return this.#opened.known.some((ledger) => ledger.isDamaged(digest, info));
  }

  /** Undefined for what was not read in this run. */
  isRight(digest: Digest, info: ObjectInfo): boolean | undefined {
    const known = this.#files.get(idOf(digest, info));
    return known === undefined ? undefined : known === 1;
  }

  /** Of all bytes of an object, as it was opened. Kept of a version that is still there and can no longer change unseen. */
  async add(digest: Digest, read: HashedObject, isRight: boolean): Promise<void> {
    const { info, store, key } = read;
    const { ledgers, totals } = this.#opened;
    if (this.#files.get(idOf(digest, info)) === undefined) {
      totals.files += 1;
      totals.bytes += info.size;
    }
    this.#files.set(idOf(digest, info), isRight ? 1 : 0);
    if (!isRight) this.#onDamaged(digest);
    if (ledgers.length === 0 || !info.settled) return;
    if ((await store.stat(key))?.version !== info.version) return;
    for (const ledger of ledgers) {
      if (isRight) ledger.setRight(digest, info);
      else ledger.setDamaged(digest, info);
    }
  }

  async close(): Promise<void> {
    const { ledgers, store } = this.#opened;
    for (const ledger of ledgers) await ledger.flush();
    await store?.close();
  }
}

/** Of all mounts that are looked at. */
export class HashedByMount {
  readonly totals: HashedTotals = { files: 0, bytes: 0 };
  readonly #isKept: boolean;
  readonly #log: Log;
  /** By the path of the mount, which may be opened again. */
  readonly #opened = new Map<string, HashedFiles>();

  /** Where blobs are not hashed nothing is to be kept. */
  constructor(isKept: boolean, log: Log) {
    this.#isKept = isKept;
    this.#log = log;
  }

  /** Undefined for what came after the start, of which nothing is kept. */
  async of(mount: OpenedMount | undefined): Promise<HashedFiles> {
    if (mount === undefined) return HashedFiles.forgetful();
    const opened = this.#opened.get(mount.path) ?? (await this.#open(mount));
    this.#opened.set(mount.path, opened);
    return opened;
  }

  #open(mount: OpenedMount): Promise<HashedFiles> {
    return this.#isKept ? HashedFiles.of(mount, { log: this.#log, totals: this.totals }) : HashedFiles.known(mount);
  }

  async close(): Promise<void> {
    for (const opened of this.#opened.values()) await opened.close();
  }
}

export interface HashedObject {
  readonly info: ObjectInfo;
  readonly store: ObjectReader;
  readonly key: Key;
}

function idOf(digest: Digest, { label }: ObjectInfo): string {
  return `${digest} ${label}`;
}
