// What we acknowledged in one repository, and every version of its index.json that we know of: a file that all server processes
// append to under the repository's lock. Nothing in it is needed to serve; without it a foreign file is adopted as it is.
import { algorithmOf, type Digest, digestOf, isDigest } from '../../oci/digest.ts';
import type { Clock } from '../../storage/clock.ts';
import type { Key, ObjectStore, SmallObject, VersionLabel } from '../../storage/object-store.ts';
import { type Delta, type IndexedEntry, noDelta } from '../index/entry-key.ts';
import { type Past, stateAt } from './base-inference.ts';
import type { Judgement } from './foreign-edits.ts';
import { healPolicy } from './heal-policy.ts';
import type { JournalBudget } from './journal-budget.ts';
import { JournalFile, journalId } from './journal-file.ts';
import { withPresentKeys } from './journal-keys.ts';
import {
  type JournalRecord,
  parseAbsent,
  parseEntries,
  parseManifest,
  printEntries,
  printHeader,
  printManifest,
  printRecord,
  type VersionAuthor,
} from './journal-record.ts';
import type { RecalledPast } from './journal-remains.ts';
import { JournalView } from './journal-view.ts';
import type { VersionTree } from './version-tree.ts';

export interface JournalOptions {
  readonly store: ObjectStore;
  readonly key: Key;
  readonly clock: Clock;
  /** Unique among all processes that ever wrote here. */
  readonly process: string;
  /** What all journals of the process keep in memory counts towards it. */
  readonly budget: JournalBudget;
}

/** A version that is about to become visible. */
export interface Publication {
  readonly author: Exclude<VersionAuthor, 'foreign' | 'snapshot'>;
  /** The version it was made from; undefined when there is no file. */
  readonly base: VersionLabel | undefined;
  readonly label: VersionLabel;
  /** From the base, as the file showed it, to this version. */
  readonly delta: Delta;
  /** How the base was judged; undefined when it showed what was acknowledged, or when nothing was known to judge it by. */
  readonly judged: JudgedVersion | undefined;
  /** Manifests that the delta lists: what is small enough is kept. */
  readonly manifests: Iterable<PublishedManifest>;
  /** All entries of the base: asked for only when the journal does not know it. */
  baseEntries(): Iterable<IndexedEntry>;
}

export interface PublishedManifest {
  readonly digest: string;
  readonly bytes: Uint8Array;
  /** Digests that it refers to and that the repository does not hold. */
  readonly absent: readonly string[];
}

const light = { keepsChanges: false, isWhole: true };

/** For so long after the last judgement the next is expected: the whole journal stays in memory. */
const judgingMs = 30_000;
const maxAttempts = 5;
/** A journal of more is read again for each judgement. */
const mostBytesInMemory = 16 * 1024 * 1024;

/** Its bytes are what the digest says. */
export interface JournaledManifest {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly absent: readonly string[];
}

/** A version that somebody else wrote. */
export interface JudgedVersion {
  readonly label: VersionLabel | undefined;
  readonly past: Past;
  readonly judgement: Judgement;
}

export class Journal {
  readonly #options: JournalOptions;
  readonly #file: JournalFile;
  #view = new JournalView(light);
  #judgingUntilMs = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> = Promise.resolve();
  #trimAtBytes: number = healPolicy.journalFloorBytes;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#file = new JournalFile(options.store, options.key);
  }

  /** Reads what was appended since; one stat when nothing was. */
  load(): Promise<void> {
    return this.#inTurn(() => this.#readOn());
  }

  /** Gives its memory back: what is asked next is read again. */
  release(): void {
    void this.#inTurn(async () => {
      this.#file.forget();
      this.#replaceView(new JournalView({ ...light, isWhole: false }));
    });
  }

  /** Before anything is recorded, under the repository's lock: a journal that came with the directory goes. */
  async removeForeign(): Promise<void> {
    await this.#file.removeForeign();
  }

  /** False where nothing was ever written through us, as far as `load` saw. */
  get exists(): boolean {
    return this.#file.exists;
  }

  /** True when the version shows what was acknowledged, so that there is nothing to judge: no work that grows with the index. */
  shows(label: VersionLabel | undefined): boolean {
    return this.#tree.shows(label);
  }

  /** What a version is judged by; undefined when nothing is known, so that the version is adopted. O(journal). */
  async recall(label: VersionLabel | undefined): Promise<RecalledPast | undefined> {
    await this.#readWhole();
    const found = this.#tree.recall(label);
    if (found === undefined) return undefined;
    const { entries: span, ...past } = found;
    const line = await this.#file.read(span);
    if (line === undefined) {
      // Trimmed by another process meanwhile.
      await this.load();
      return this.recall(label);
    }
    const entries = parseEntries(line);
    if (entries === undefined) {
      // Damaged by a power cut: the next record starts again from what the file shows.
      this.#replaceView(new JournalView(light));
      return undefined;
    }
    return withPresentKeys({ start: new Map(entries.map((entry) => [entry.key, entry])), ...past });
  }

  /** What to append before the version becomes visible. */
  recordOf(publication: Publication): SmallObject {
    const { author, base, label, delta, judged, manifests } = publication;
    const pieces = this.#file.exists ? [] : [printHeader(this.#newId())];
    for (const { digest, bytes, absent } of manifests) {
      if (bytes.byteLength > healPolicy.manifestLimitBytes || this.#view.manifests.has(digest)) continue;
      pieces.push(printManifest(digest, bytes, absent));
    }
    if (judged !== undefined) pieces.push(this.#foreignRecord(judged));
    else if (base === undefined || (this.#view.isWhole && !this.#tree.knows(base))) {
      // A layout that was removed begins anew: nothing of what it held is owed to its successor.
      pieces.push(printEntries(publication.baseEntries()));
      pieces.push(this.#record({ author: 'snapshot', base: undefined, label: base, delta: noDelta, owed: noDelta }));
    }
    pieces.push(this.#record({ author, base, label, delta, owed: noDelta }));
    this.#tree.announced = label;
    return this.#piece(pieces);
  }

  /** What to append, still under the lock, about a foreign version that stays as it is. */
  foreignRecordOf(judged: JudgedVersion): SmallObject {
    return this.#piece([this.#foreignRecord(judged)]);
  }

  /** To be told after each update that published: tells a version that another holder of the lock replaced from one that never was. */
  published(label: VersionLabel): void {
    this.#tree.published = label;
    this.#tree.announced = undefined;
  }

  /** The bytes of a manifest that was pushed within the window, if it was small; undefined when they are not kept. */
  async manifestBytes(digest: string): Promise<Uint8Array | undefined> {
    await this.load();
    if (!this.#view.manifests.has(digest) && !this.#view.isWhole) await this.#readWhole();
    const span = this.#view.manifests.get(digest);
    const line = span === undefined ? undefined : await this.#file.read(span);
    const bytes = line === undefined ? undefined : parseManifest(line);
    if (bytes === undefined || !isDigest(digest)) return undefined;
    return digestOf(bytes, algorithmOf(digest)) === digest ? bytes : undefined;
  }

  /** Manifests that were acknowledged within the window, and what they referred to in vain then. */
  async *manifests(): AsyncGenerator<JournaledManifest> {
    await this.load();
    await this.#readWhole();
    // All of one file: what is in memory may be given back, and the file be trimmed, while whoever asks works on one of them.
    const places = [...this.#view.manifests];
    let at = 0;
    for await (const line of this.#file.readEach(places.map(([, span]) => span))) {
      const [digest = ''] = places[at] ?? [];
      at += 1;
      const bytes = parseManifest(line);
      if (bytes === undefined || !isDigest(digest)) continue;
      if (digestOf(bytes, algorithmOf(digest)) === digest) yield { digest, bytes, absent: parseAbsent(line) };
    }
  }

  /** Of all that was acknowledged through us since the journal was trimmed: of what was there before, nobody knows who wrote it. */
  async acknowledgedDigests(): Promise<ReadonlySet<string>> {
    await this.load();
    await this.#readWhole();
    const own = this.#tree.versions.filter(({ author }) => author === 'commit');
    return new Set(own.flatMap(({ changes }) => changes?.delta.added.map(({ digest }) => digest) ?? []));
  }

  /** Drops what nothing is judged by any more, once that is worth it. Under the repository's lock, given the version that the file shows. */
  async trim(label: VersionLabel | undefined): Promise<void> {
    const { size } = this.#file;
    if (size <= this.#trimAtBytes || !this.shows(label)) return;
    this.#trimAtBytes = size * 1.25;
    await this.#readWhole();
    const versions = this.#tree.recall(label)?.versions ?? [];
    const cut = cutOf(versions, this.#options.clock.now() - healPolicy.windowMs);
    const [root, last] = [versions[0], versions[cut]];
    if (root === undefined || last === undefined || last.end - root.end < size / 2) return;
    // Looked up now: what is in memory may be given back while the file is read.
    const digests = new Set(versions.slice(cut + 1).flatMap(({ added }) => added.map(({ digest }) => digest)));
    const spans = Array.from(digests, (digest) => this.#view.manifests.get(digest));
    const past = await this.recall(label);
    if (past?.versions.length !== versions.length) return;
    const pieces = [printHeader(this.#newId()), printEntries(stateAt(past, cut).values())];
    const snapshot = { author: 'snapshot', base: undefined, label: last.label, delta: noDelta, owed: noDelta } as const;
    pieces.push(this.#record(snapshot, last.atMs));
    for (const span of spans) {
      if (span === undefined || span.at >= last.end) continue;
      const line = await this.#file.read(span);
      if (line === undefined) return;
      pieces.push(`\n${line}\n`);
    }
    if (!(await this.#file.replace(pieces.join(''), last.end))) return;
    this.#trimAtBytes = healPolicy.journalFloorBytes;
    await this.load();
  }

  get #tree(): VersionTree {
    return this.#view.tree;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#loading = this.#loading.then(work, work);
    return this.#loading;
  }

  async #readOn(): Promise<void> {
    const tail = await this.#file.readOn();
    if (tail !== undefined) {
      if (tail.isAnother) this.#replaceView(new JournalView(light));
      this.#view.add(tail);
    }
    const isJudging = this.#options.clock.elapsed() < this.#judgingUntilMs && this.#view.bytes < mostBytesInMemory;
    if (this.#view.canJudge && !isJudging) this.#view.lighten();
    this.#count();
  }

  /** As it was loaded last, from its beginning. */
  #readWhole(): Promise<void> {
    this.#judgingUntilMs = this.#options.clock.elapsed() + judgingMs;
    return this.#inTurn(async () => {
      for (let attempt = 0; !this.#view.canJudge && attempt < maxAttempts; attempt += 1) {
        const view = new JournalView({ keepsChanges: true, isWhole: true });
        if (await this.#file.readAgain((piece) => view.add({ ...piece, isPiece: false }))) this.#replaceView(view);
        // Trimmed by another process, or begun anew.
        else await this.#readOn();
      }
      this.#count();
    });
  }

  /** What this process knows of its own versions stays known. */
  #replaceView(view: JournalView): void {
    const { published, announced } = this.#tree;
    this.#view = view;
    this.#tree.published = published;
    this.#tree.announced = announced;
  }

  #count(): void {
    const { budget } = this.#options;
    // One that is larger than all of it counts as that much, and goes as soon as another one is asked for.
    const size = Math.min(Math.max(1, this.#view.bytes), budget.maxSize);
    if (this.#file.exists) budget.set(this, size);
    else budget.delete(this);
  }

  #newId(): string {
    const { process, clock, store } = this.#options;
    return journalId(`${process}-${clock.now()}`, store.place);
  }

  #foreignRecord({ label, past, judgement }: JudgedVersion): string {
    const base = past.versions.at(-1)?.label;
    // A twin that was merged into the tagged entry of its digest is not owed: its digest is listed (rule 1).
    const owed = judgement.urgent ? judgement.heal : noDelta;
    return this.#record({ author: 'foreign', base, label, delta: judgement.seen, owed });
  }

  #record(version: Omit<JournalRecord, 'atMs' | 'process' | 'voids'>, atMs = this.#options.clock.now()): string {
    const { announced } = this.#tree;
    // An update that ran again, or failed, leaves a record of a version that never was.
    const voids =
      announced === undefined || announced === version.base || announced === version.label ? [] : [announced];
    return printRecord({ ...version, atMs, voids, process: this.#options.process });
  }

  #piece(pieces: readonly string[]): SmallObject {
    return { key: this.#options.key, bytes: Buffer.from(pieces.join('')) };
  }
}

/** The oldest version that was the newest one since `sinceMs`: what came before is not judged by any more. */
function cutOf(versions: readonly { readonly atMs: number }[], sinceMs: number): number {
  const next = versions.findIndex(({ atMs }, at) => at > 0 && atMs >= sinceMs);
  return next < 0 ? versions.length - 1 : next - 1;
}
