// What is known of blob files, so that nobody need look at them again: which hold the bytes of their name, which do not, when all of
// them were last read, and which are durable. A digest and the version of a file belong together, so hard links of one file share it.
import { type Digest, isDigest } from '../../oci/digest.ts';
import type { Log } from '../../storage/log.ts';
import type { Key, ObjectInfo, ObjectReader, VersionLabel } from '../../storage/object-store.ts';
import { recentMap } from '../../storage/recent-map.ts';
import { RecentSet } from '../../storage/recent-set.ts';
import { onAnyDevice } from '../../storage/version-label.ts';
import { type FactsPlace, KeptLines, readKeptLines, spansOfLines } from '../files/kept-lines.ts';
import { ledgerKey } from '../files/keys.ts';
import { Pace } from '../pacing/pace.ts';

/** Bounded, a quarter of a kilobyte each: what was forgotten is hashed or synced once more. */
const maxBlobs = 50_000;
const maxDurable = 10_000;
/** About 150 bytes a line: more of them than are known in memory. */
const maxLedgerBytes = 32 * 1024 * 1024;

const maxSuspects = 10_000;

/** In the place of the version that was found damaged. A word, so that no line that was cut short says it. */
const right = 'right';

/** In a line: right, and known to have been found damaged before. Of another process `right` may have been on its way meanwhile. */
const mended = 'mended';

/** What was read once more is written down again when so much time lies between: a line for each reading would only fill the file. */
const refreshedAfterMs = 3_600_000;

export class BlobLedger {
  readonly #lines: KeptLines | undefined;
  readonly #now: () => number;
  /** By digest and label: `right`, or the version that was damaged. */
  readonly #hashed = recentMap<string, string>(maxBlobs);
  /** By the same: when every byte was last read and hashed, by the wall clock. */
  readonly #hashedAtMs = recentMap<string, number>(maxBlobs);
  readonly #durable = recentMap<Key, VersionLabel>(maxDurable);
  /** Of which some file is, or was, damaged. */
  readonly #suspects = new RecentSet(maxSuspects);
  #loading: Promise<void> | undefined;

  /** `lines` is what is kept across restarts; undefined: nothing. */
  constructor(lines?: KeptLines, now: () => number = Date.now) {
    this.#lines = lines;
    this.#now = now;
  }

  /** The file has exactly the bytes of its name: somebody here hashed them. Holds while size, time and inode stay the same. */
  isRight(digest: Digest, info: ObjectInfo): boolean {
    return this.#known(digest, info) === right;
  }

  /** Holds for this very version: whatever touches the file, a backup that is put back with all its times included, is looked at. */
  isDamaged(digest: Digest, info: ObjectInfo): boolean {
    return this.#known(digest, info) === onAnyDevice(info.version);
  }

  /**
   * When its bytes were last read from end to end, in milliseconds of the wall clock; undefined when nobody knows, of a manifest for one.
   * Bits rot without a trace in the attributes of a file, so what was right once is to be read again at times.
   */
  hashedAtMs(digest: Digest, info: ObjectInfo): number | undefined {
    return this.#hashedAtMs.get(idOf(digest, info.label));
  }

  /** False for nearly all blobs; of others their files tell. */
  isSuspect(digest: string): boolean {
    return this.#suspects.has(digest);
  }

  /** Those of which some file is, or was, damaged. */
  *suspects(): Generator<Digest> {
    for (const digest of this.#suspects.values()) if (isDigest(digest)) yield digest;
  }

  get hasSuspects(): boolean {
    return this.#suspects.size > 0;
  }

  isDurable(key: Key, info: ObjectInfo): boolean {
    return this.#durable.get(key) === info.label;
  }

  /** Kept across restarts. */
  setRight(digest: Digest, info: ObjectInfo): void {
    this.#set(digest, info, right);
  }

  /** Of a manifest: its bytes are looked at whenever they are read, so a restart may forget it. */
  setRightInMemory(digest: Digest, info: ObjectInfo): void {
    this.#hashed.set(idOf(digest, info.label), right);
  }

  /** Kept across restarts. */
  setDamaged(digest: Digest, info: ObjectInfo): void {
    this.#set(digest, info, onAnyDevice(info.version));
  }

  /** Of a version that may still change unseen, so that nothing can be said of it for good. */
  suspect(digest: Digest): void {
    this.#suspects.add(digest);
  }

  setDurable(key: Key, info: ObjectInfo): void {
    this.#durable.set(key, info.label);
  }

  /** Deleted through the API: it must never come back by itself. */
  forget(key: Key): void {
    this.#durable.delete(key);
  }

  /** Resolves once what earlier runs kept is known; asked for by whoever would hash otherwise. */
  load(): Promise<void> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  /** Learns what other processes found meanwhile: another server, or an inspection that read every blob. */
  async catchUp(): Promise<void> {
    await this.load();
    // What is read below is not older then than what is known here.
    await this.flush();
    if (this.#lines !== undefined) await this.takeAll(await this.#lines.readMore());
  }

  async flush(): Promise<void> {
    await this.#lines?.flush();
  }

  #known(digest: Digest, { label }: ObjectInfo): string | undefined {
    return this.#hashed.get(idOf(digest, label));
  }

  #set(digest: Digest, info: ObjectInfo, state: string): void {
    const id = idOf(digest, info.label);
    const known = this.#hashed.get(id);
    const now = this.#now();
    const before = this.#hashedAtMs.get(id);
    this.#hashedAtMs.set(id, now);
    if (known === state && before !== undefined && Math.abs(now - before) < refreshedAfterMs) return;
    this.#hashed.set(id, state);
    if (state !== right) this.#suspects.add(digest);
    const isMended = state === right && known !== undefined && known !== right;
    this.#lines?.add(`${id} ${isMended ? mended : state} ${Math.floor(now / 1000)}`);
  }

  async #load(): Promise<void> {
    if (this.#lines !== undefined) await this.takeAll(await this.#lines.read());
  }

  /** The lines of another ledger. */
  async takeAll(bytes: Buffer): Promise<void> {
    const pace = new Pace();
    for (const [start, end] of spansOfLines(bytes)) {
      this.#take(bytes.toString('latin1', start, end));
      await pace.step();
    }
  }

  /** Nothing for the first line, or one that a crash cut short. Lines of earlier versions have no time: who reads again reads those. */
  #take(line: string): void {
    const [digest = '', label, state, seconds, more] = line.split(' ');
    if (!isDigest(digest) || label === undefined || state === undefined || more !== undefined) return;
    const id = `${digest} ${label}`;
    const known = this.#hashed.get(id);
    if (state === right && known !== undefined && known !== right) return;
    this.#hashed.set(id, state === mended ? right : state);
    if (state !== right && state !== mended) this.#suspects.add(digest);
    if (seconds !== undefined) this.#hashedAtMs.set(id, Number(seconds) * 1000);
  }
}

const form = { kind: 'facts about blobs', version: 1, maxBytes: maxLedgerBytes } as const;

/** Where the ledger of a mount is kept. */
export function keptBlobFacts({ store, directory }: FactsPlace, options: { readonly log: Log }): KeptLines {
  return new KeptLines({ store, key: ledgerKey(directory), ...form, ...options });
}

/** What is known there by now, for who only looks; nothing is added to it. */
export async function readBlobFacts(store: ObjectReader, directory: Key): Promise<BlobLedger> {
  const ledger = new BlobLedger();
  await ledger.takeAll(await readKeptLines(store, ledgerKey(directory), form));
  return ledger;
}

function idOf(digest: Digest, label: VersionLabel): string {
  return `${digest} ${onAnyDevice(label)}`;
}
