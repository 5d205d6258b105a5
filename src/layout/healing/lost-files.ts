// Puts back what a foreign collector deleted although index.json lists it: regctl reads the index, collects for seconds, and then deletes
// what it did not see, so that pushes in between lose their files (496 of 1,542 acknowledged tags, served from memory until a restart).
import { type Digest, digestAlgorithms, isDigest } from '../../oci/digest.ts';
import { parseManifest, referencesOf } from '../../oci/manifest.ts';
import type { Clock } from '../../storage/clock.ts';
import type { Log } from '../../storage/log.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { BlobWriter } from '../blobs/blob-writer.ts';
import type { LayoutKeys } from '../files/keys.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import { requiredBy } from '../manifests/manifest-outline.ts';
import type { ManifestReader } from '../manifests/manifest-reader.ts';
import { readOutline } from '../manifests/manifest-thread.ts';
import { Pace } from '../pacing/pace.ts';
import type { HealMeters } from './heal-meters.ts';
import type { IndexGuard } from './index-guard.ts';

export interface LostFilesOptions {
  readonly store: ObjectStore;
  readonly keys: LayoutKeys;
  readonly blobs: BlobWriter;
  readonly manifests: ManifestReader;
  readonly guard: IndexGuard;
  readonly readIndex: () => Promise<LayoutIndex | undefined>;
  readonly clock: Clock;
  readonly log: Log;
  readonly meters: HealMeters;
  /** Names the layout in the log. */
  readonly name: string;
}

export interface LostSearch {
  /** How many files were put back. */
  readonly restored: number;
  readonly tookMs: number;
}

/** What another process of the server received. */
export interface ReceivedElsewhere {
  readonly facts: { readonly descriptor: { readonly digest: Digest; readonly mediaType: string } };
  readonly bytes: Uint8Array;
  /** What it refers to, and nobody had. */
  readonly absent: readonly string[];
}

/** What the last search saw: while both are the same, nothing can have gone. */
interface Searched {
  readonly index: LayoutIndex;
  readonly listings: string;
}

const nothingLost: LostSearch = { restored: 0, tookMs: 0 };
const shownDigests = 20;

export class LostFiles {
  readonly #options: LostFilesOptions;
  #searched: Searched | undefined;
  #restoring: Promise<unknown> = Promise.resolve();
  /** Acknowledged here, and nobody has the bytes any more. */
  #gone: readonly Digest[] = [];

  constructor(options: LostFilesOptions) {
    this.#options = options;
  }

  /**
   * Manifests come back from memory or the journal, layers and configs from the pool. Costs a stat for each entry; where nothing came or
   * went since the last search, one for each directory of blobs, and for the entries near those that changed. One at a time: the search of the start and the first after it meet.
   */
  restore(index: LayoutIndex): Promise<LostSearch> {
    const search = this.#restoring.then(() => this.#restore(index));
    this.#restoring = search.catch(() => {});
    return search;
  }

  async #restore(index: LayoutIndex): Promise<LostSearch> {
    const { guard, clock, log, meters, name } = this.#options;
    // The bytes of what is listed may be known from another layout: one that we never wrote to is not touched for that.
    if (!(await guard.hasPast())) return nothingLost;
    const listings = await this.#listings();
    // Where nothing came or went, what was there then is there: only what is listed since is looked for.
    const searched = this.#searched?.listings === listings ? this.#searched.index : undefined;
    if (searched === index) return nothingLost;
    const beganMs = clock.elapsed();
    const { restored: manifests, gone } = await this.#restoreManifests(entriesSince(searched, index));
    const blobs = await this.#restoreReferenced(index);
    this.#gone = searched === undefined ? gone : [...new Set([...this.#gone, ...gone])];
    const restored = manifests.length + blobs.length;
    // What was put back may be gone again by the next search, and the listing be the same.
    this.#searched = restored === 0 ? { index, listings } : undefined;
    if (restored > 0) {
      meters.healed('files', restored);
      const shown = { manifests: manifests.slice(0, shownDigests), blobs: blobs.slice(0, shownDigests) };
      const counts = { manifestCount: manifests.length, blobCount: blobs.length };
      log.warn('files that another program had deleted were put back', { repository: name, ...counts, ...shown });
    }
    return { restored, tookMs: clock.elapsed() - beganMs };
  }

  /** After a start: what an earlier process received is known to the journal alone. Throws the signal's reason once it is aborted. */
  async recall(index: LayoutIndex, signal: AbortSignal | undefined): Promise<void> {
    const { guard, blobs } = this.#options;
    const pace = new Pace();
    for await (const { digest, bytes, absent } of guard.journaledManifests()) {
      signal?.throwIfAborted();
      await pace.step();
      const [entry] = index.listed(digest);
      if (entry === undefined) continue;
      const missed = new Set(absent);
      for (const referenced of referencedBy(bytes, entry.mediaType)) {
        if (isDigest(referenced) && !missed.has(referenced)) blobs.expect(referenced);
      }
    }
  }

  /** Whoever lists a manifest puts back what is taken of it: as if it had come to this process. */
  async expect({ facts: { descriptor }, bytes, absent }: ReceivedElsewhere): Promise<void> {
    const { blobs, manifests } = this.#options;
    const { digest, mediaType } = descriptor;
    manifests.remember(digest, bytes);
    const missed = new Set(absent);
    for (const { digest: referenced } of requiredBy(await readOutline(bytes, digest, mediaType)))
      if (isDigest(referenced) && !missed.has(referenced)) blobs.expect(referenced);
  }

  /** Puts one manifest's file back; false when it is there, or when nobody has its bytes any more. */
  async restoreManifest(digest: Digest): Promise<boolean> {
    if (await this.#isThere(digest)) return false;
    const { blobs, guard } = this.#options;
    const bytes = await guard.manifestBytes(digest);
    if (bytes === undefined) return false;
    await blobs.putManifest(digest, bytes);
    return true;
  }

  /** Removes a file that nothing lists. Another push of the same manifest may have listed it, and relies on the file. */
  async takeBack(digest: Digest): Promise<void> {
    if (await this.#isListed(digest)) return;
    await this.#options.blobs.delete(digest);
    if (await this.#isListed(digest)) await this.restoreManifest(digest);
  }

  get mayBeGone(): boolean {
    return this.#gone.length > 0;
  }

  /** Acknowledged manifests that are listed, and whose bytes nobody has, in words: pushed again, or deleted, they are settled. */
  async problems(index: LayoutIndex | undefined): Promise<readonly string[]> {
    const gone: Digest[] = [];
    for (const digest of index === undefined ? [] : this.#gone) {
      if (index?.listed(digest).length !== 0 && !(await this.#isThere(digest))) gone.push(digest);
    }
    this.#gone = gone;
    const [first] = gone;
    if (first === undefined) return [];
    const which = gone.length === 1 ? first : `${first} and ${gone.length - 1} more`;
    return [`${this.#options.name}: acknowledged manifests are gone and must be pushed again: ${which}`];
  }

  async #restoreManifests(
    entries: Iterable<IndexEntry>,
  ): Promise<{ restored: readonly Digest[]; gone: readonly Digest[] }> {
    const restored: Digest[] = [];
    const lost = new Set<Digest>();
    const pace = new Pace();
    for (const { digest } of entries) {
      await pace.step();
      if (digest === undefined || (await this.#isThere(digest))) continue;
      // What a delete took off the list before its file went is not lost: it may come at any moment of this.
      if (!(await this.#isListed(digest))) continue;
      if (!(await this.restoreManifest(digest))) lost.add(digest);
      else if (await this.#isListed(digest)) restored.push(digest);
      else await this.takeBack(digest);
    }
    return { restored, gone: lost.size === 0 ? [] : await this.#acknowledged(lost) };
  }

  /** A layout may list what it does not hold: only what was pushed through us is missed. */
  async #acknowledged(lost: ReadonlySet<Digest>): Promise<readonly Digest[]> {
    const { guard, log, name } = this.#options;
    const known = await guard.acknowledgedDigests();
    const gone = [...lost].filter((digest) => known.has(digest));
    const isNew = gone.some((digest) => !this.#gone.includes(digest));
    if (isNew) {
      const manifests = gone.slice(0, shownDigests);
      log.warn('acknowledged manifests are gone, and nobody has their bytes', { repository: name, manifests });
    }
    return gone;
  }

  /** Only what a listed manifest refers to: the collector was right about the rest. */
  async #restoreReferenced(index: LayoutIndex): Promise<readonly Digest[]> {
    const { blobs, manifests } = this.#options;
    const lost = new Set<string>(await blobs.lost());
    const restored: Digest[] = [];
    const pace = new Pace();
    for (const { digest, mediaType } of lost.size === 0 ? [] : index.entries) {
      // An entry that is no manifest refers to nothing we put there.
      const outline = digest === undefined ? undefined : await manifests.outline(digest, mediaType);
      for (const { digest: referenced } of outline === undefined ? [] : requiredBy(outline)) {
        await pace.step();
        if (!lost.delete(referenced) || !isDigest(referenced)) continue;
        if ((await blobs.restore(referenced)) !== undefined) restored.push(referenced);
      }
    }
    return restored;
  }

  async #isListed(digest: Digest): Promise<boolean> {
    return ((await this.#options.readIndex())?.listed(digest) ?? []).length > 0;
  }

  async #isThere(digest: Digest): Promise<boolean> {
    const { store, keys } = this.#options;
    return (await store.stat(keys.blob(digest))) !== undefined;
  }

  async #listings(): Promise<string> {
    const { store, keys } = this.#options;
    const versions: (string | undefined)[] = [];
    for (const algorithm of digestAlgorithms) versions.push(await store.listingVersion(keys.blobs(algorithm)));
    return versions.join(' ');
  }
}

/** Those of the parts of the list that `searched` has not; all of them where that is undefined. */
function* entriesSince(searched: LayoutIndex | undefined, index: LayoutIndex): Generator<IndexEntry> {
  const known = new Set(searched?.document.segments);
  for (const segment of index.document.segments) if (!known.has(segment)) yield* segment.entries;
}

function referencedBy(bytes: Uint8Array, mediaType: string | undefined): readonly string[] {
  try {
    return referencesOf(parseManifest(bytes, mediaType)).map(({ digest }) => digest);
  } catch {
    // An entry that is no manifest refers to nothing we put there.
    return [];
  }
}
