// One look through a layout: what is there, what is needed, and what may go. Nothing is changed by it.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Digest, digestOf } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import type { NamedContent } from '../../oci/named-content.ts';
import type { ObjectInfo, ObjectReader, Version } from '../../storage/object-store.ts';
import type { LeaseFile } from '../blobs/lease-file.ts';
import { digestsIn } from '../blobs/stored-digests.ts';
import { childPrefix, isForeignWork, type LayoutKeys } from '../files/keys.ts';
import type { IndexReader } from '../index/index-reader.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import type { ManifestReader } from '../manifests/manifest-reader.ts';
import { UnsearchableError } from '../manifests/outlines-below.ts';
import { Pace } from '../pacing/pace.ts';
import type { Ages } from './ages.ts';
import { Marks } from './marks.ts';
import type { OwnChanges } from './own-changes.ts';
import { type StoredBlob, storedBlobOf, storedBlobs } from './stored-blobs.ts';

/** A manifest that left the list, and whose content may be wanted back. */
export interface LeftManifest {
  readonly digest: Digest;
  /** What it names, where its file is gone and its bytes are kept elsewhere; undefined: its file is looked at. */
  readonly named: readonly NamedContent[] | undefined;
}

export interface MarkingParts {
  readonly store: ObjectReader;
  readonly keys: LayoutKeys;
  readonly index: IndexReader;
  readonly manifests: ManifestReader;
  /** What clients were told lately that it is there. */
  readonly leases: LeaseFile;
  /** What left the list within so many milliseconds. */
  readonly leftWithin: (within: Pick<MarkingRules, 'graceMs' | 'ages'>) => Promise<readonly LeftManifest[]>;
}

export interface MarkingRules {
  readonly ages: Ages;
  /** 0: nothing is kept for being young, leased, or gone lately. */
  readonly graceMs: number;
  readonly ownChanges: OwnChanges;
}

interface Snapshot {
  readonly version: Version | undefined;
  readonly index: LayoutIndex | undefined;
}

/** Nobody takes longer from the first to the last byte of a manifest. */
const freshMs = 10 * 60_000;
const settleMs = 150;
const attempts = 20;
const emptyBlob = digestOf(new Uint8Array());

export class LayoutMarking {
  readonly #parts: MarkingParts;
  readonly #rules: MarkingRules;
  readonly #marks: Marks;
  readonly #stored: ReadonlyMap<Digest, StoredBlob>;
  /** Leased ones whose content was looked at. */
  readonly #kept = new Set<Digest>();
  /** Came after the beginning, and were looked at. */
  readonly #later = new Set<Digest>();
  #version: Version | undefined;

  private constructor(parts: MarkingParts, rules: MarkingRules, stored: ReadonlyMap<Digest, StoredBlob>) {
    this.#parts = parts;
    this.#rules = rules;
    this.#stored = stored;
    this.#marks = new Marks(parts.manifests, new Set(stored.keys()));
  }

  /** Throws UnsearchableError where nobody can tell what is needed. */
  static async of(parts: MarkingParts, rules: MarkingRules): Promise<LayoutMarking> {
    const marking = new LayoutMarking(parts, rules, await storedBlobs(parts.store, parts.keys));
    await marking.#assertNobodyWrites();
    await marking.#addIndex();
    if (rules.graceMs > 0) {
      for (const { digest, named } of await parts.leftWithin(rules)) {
        if (named === undefined) await marking.#marks.addUnlisted(digest);
        else await marking.#marks.addNamed(named);
      }
      await marking.#addLeased();
      await marking.#addYoung(marking.#stored);
    }
    await marking.#marks.addReferrers(marking.#marks.unmarked);
    return marking;
  }

  get stored(): ReadonlyMap<Digest, StoredBlob> {
    return this.#stored;
  }

  /** May go, as far as anybody knows now. */
  *free(): Generator<Digest> {
    for (const digest of this.#marks.unmarked) if (this.#isOld(this.#stored.get(digest))) yield digest;
  }

  isFree(digest: Digest): boolean {
    return this.#marks.unmarked.has(digest);
  }

  isManifest(digest: Digest): boolean {
    return this.#marks.isManifest(digest);
  }

  /** True while index.json is the version that was marked: cheap, for a look under its lock. */
  async isCurrent(): Promise<boolean> {
    const { store, keys } = this.#parts;
    const info = await store.stat(keys.index);
    return info?.version === this.#version && info?.settled !== false;
  }

  /** Marks what is needed of index.json as it is now. Throws UnsearchableError. */
  async addIndexIfChanged(): Promise<void> {
    if (!(await this.isCurrent())) await this.#addIndex();
  }

  /** By the leases of this moment. */
  async leased(): Promise<ReadonlySet<Digest>> {
    return this.#rules.graceMs === 0 ? new Set() : this.#parts.leases.read(this.#rules.ages);
  }

  /**
   * Marks what came since the last look: a newer index.json, leases, manifests that another program wrote and will list in a moment,
   * and those that were missing. Throws UnsearchableError.
   */
  async addLater(): Promise<void> {
    const { store, keys } = this.#parts;
    if (this.#rules.graceMs > 0) {
      await this.#addLeased();
      const fresh = new Map<Digest, StoredBlob>();
      for (const digest of await digestsIn(store, keys)) {
        if (this.#stored.has(digest) || this.#later.has(digest)) continue;
        const info = await store.stat(keys.blob(digest));
        if (info !== undefined) fresh.set(digest, storedBlobOf(info));
      }
      await this.#addYoung(fresh);
      for (const digest of fresh.keys()) this.#later.add(digest);
    }
    await this.#marks.addMissing();
    // Last: whoever listed something before this look is seen by it.
    await this.addIndexIfChanged();
  }

  /** True for a file that is as old now as what may go. */
  isStillOld(info: ObjectInfo): boolean {
    return this.#isOld(storedBlobOf(info));
  }

  #isOld(blob: StoredBlob | undefined): boolean {
    const { ages, graceMs, ownChanges } = this.#rules;
    return blob !== undefined && (graceMs === 0 || ages.ageOf(ownChanges.stampsOf(blob)) > graceMs);
  }

  async #addLeased(): Promise<void> {
    for (const digest of await this.leased()) {
      if (this.#kept.has(digest)) continue;
      this.#kept.add(digest);
      await this.#marks.addUnlisted(digest);
    }
  }

  /** Of another program that lists what it writes only at its end. */
  async #addYoung(blobs: ReadonlyMap<Digest, StoredBlob>): Promise<void> {
    const { ages } = this.#rules;
    const pace = new Pace();
    for (const [digest, blob] of blobs) {
      await pace.step();
      if (this.#isOld(blob) || (this.#stored.has(digest) && !this.isFree(digest))) continue;
      const isFresh = ages.ageOf(blob) < freshMs;
      if (isFresh && blob.bytes === 0 && digest !== emptyBlob)
        throw new UnsearchableError(`${digest} is being written`);
      await this.#marks.addUnlisted(digest, { isFresh });
    }
  }

  async #addIndex(): Promise<void> {
    const { version, index } = await this.#snapshot();
    if (index !== undefined) await this.#marks.addEntries(index);
    this.#version = version;
  }

  /** The index of one version of the file, which no edit within a tick of the clock can have changed unseen. */
  async #snapshot(): Promise<Snapshot> {
    const { store, keys, index: reader } = this.#parts;
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      if (attempt > 1) await sleep(settleMs);
      const info = await store.stat(keys.index);
      if (info?.settled === false) continue;
      const index = await this.#read();
      if (reader.problem !== undefined) throw new UnsearchableError(`index.json: ${reader.problem.message}`);
      const now = await store.stat(keys.index);
      if (now?.version === info?.version && (index === undefined) === (info === undefined))
        return { version: info?.version, index };
    }
    throw new UnsearchableError('index.json changes all the time');
  }

  async #read(): Promise<LayoutIndex | undefined> {
    try {
      return await this.#parts.index.current();
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      throw new UnsearchableError(error.entries[0]?.detail ?? error.message);
    }
  }

  async #assertNobodyWrites(): Promise<void> {
    const { store, keys } = this.#parts;
    if (this.#rules.graceMs === 0) return;
    for (const { name, kind } of await store.list(keys.directory)) {
      if (!isForeignWork(name)) continue;
      const key = keys.inDirectory(name);
      const files = kind === 'object' ? [key] : (await store.list(key)).map((child) => childPrefix(key, child.name));
      for (const file of files) {
        const info = await store.stat(file);
        if (info !== undefined && !this.isStillOld(info))
          throw new UnsearchableError(`another program is writing there: ${name}`);
      }
    }
  }
}
