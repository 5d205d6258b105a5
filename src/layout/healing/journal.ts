// What we acknowledged in one repository, and every version of its index.json that we know of: a file that all server processes
// append to under the repository's lock. Nothing in it is needed to serve; without it a foreign file is adopted as it is.
import type { ObjectStore, SmallObject, VersionLabel } from '../../storage/object-store.ts';
import { type Delta, type IndexedEntry, noDelta } from '../index/entry-key.ts';
import { paced } from '../pacing/steps.ts';
import { type Past, stateAt } from './base-inference.ts';
import type { Judgement } from './foreign-edits.ts';
import { healPolicy } from './heal-policy.ts';
import { JournalReader, type JournalReaderOptions } from './journal-reader.ts';
import {
  type JournalRecord,
  printedEntries,
  printHeader,
  printManifest,
  printRecord,
  type VersionAuthor,
} from './journal-record.ts';
import { journalId, WritableJournalFile } from './writable-journal-file.ts';

export interface JournalOptions extends JournalReaderOptions {
  readonly store: ObjectStore;
  /** Unique among all processes that ever wrote here. */
  readonly process: string;
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
  /** All entries of the base, where the journal does not know it: as `printEntriesOf` gave them. */
  readonly baseEntries: readonly Buffer[];
}

export interface PublishedManifest {
  readonly digest: string;
  readonly bytes: Uint8Array;
  /** Digests that it refers to and that the repository does not hold. */
  readonly absent: readonly string[];
}

/** A version that somebody else wrote. */
export interface JudgedVersion {
  readonly label: VersionLabel | undefined;
  readonly past: Past;
  readonly judgement: Judgement;
}

export class Journal extends JournalReader {
  readonly #options: JournalOptions;
  readonly #file: WritableJournalFile;
  #trimAtBytes: number = healPolicy.journalFloorBytes;

  constructor(options: JournalOptions) {
    const file = new WritableJournalFile(options.store, options.key);
    super(options, file);
    this.#options = options;
    this.#file = file;
  }

  /** Before anything is recorded, under the repository's lock: a journal that came with the directory goes. */
  async removeForeign(): Promise<void> {
    await this.#file.removeForeign();
  }

  /** What to append before the version becomes visible. */
  /** What `recordOf` needs of a base that the journal does not know; nothing of one that it knows. */
  async printEntriesOf(base: VersionLabel | undefined, entries: Iterable<IndexedEntry>): Promise<readonly Buffer[]> {
    return this.#begins(base) ? paced(printedEntries(entries)) : [];
  }

  /** A layout that was removed begins anew: nothing of what it held is owed to its successor. */
  #begins(base: VersionLabel | undefined): boolean {
    return base === undefined || (this.view.isWhole && !this.tree.knows(base));
  }

  /** What to append, in this order. */
  recordOf(publication: Publication): readonly SmallObject[] {
    const { author, base, label, delta, judged, manifests, baseEntries } = publication;
    const pieces = this.#file.exists ? [] : [printHeader(this.#newId())];
    for (const { digest, bytes, absent } of manifests) {
      if (bytes.byteLength > healPolicy.manifestLimitBytes || this.view.manifests.has(digest)) continue;
      pieces.push(printManifest(digest, bytes, absent));
    }
    if (judged !== undefined) pieces.push(this.#foreignRecord(judged));
    const isBegun = judged === undefined && baseEntries.length > 0;
    const before: SmallObject[] = [];
    if (isBegun) {
      // All in one write, unless it is a large one.
      if (baseEntries.length === 1) pieces.push(...baseEntries.map(String));
      else before.push(...[Buffer.from(pieces.splice(0).join('')), ...baseEntries].map((bytes) => this.#object(bytes)));
      pieces.push(this.#record({ author: 'snapshot', base: undefined, label: base, delta: noDelta, owed: noDelta }));
    }
    pieces.push(this.#record({ author, base, label, delta, owed: noDelta }));
    this.tree.announced = label;
    return [...before, this.#object(Buffer.from(pieces.join('')))];
  }

  /** What to append, still under the lock, about a foreign version that stays as it is. */
  foreignRecordOf(judged: JudgedVersion): SmallObject {
    return this.#object(Buffer.from(this.#foreignRecord(judged)));
  }

  /** To be told after each update that published: tells a version that another holder of the lock replaced from one that never was. */
  published(label: VersionLabel): void {
    this.tree.published = label;
    this.tree.announced = undefined;
  }

  /** Drops what nothing is judged by any more, once that is worth it. Under the repository's lock, given the version that the file shows. */
  async trim(label: VersionLabel | undefined): Promise<void> {
    const { size } = this.#file;
    if (size <= this.#trimAtBytes || !this.shows(label)) return;
    this.#trimAtBytes = size * 1.25;
    await this.readWhole();
    const versions = this.tree.recall(label)?.versions ?? [];
    const cut = cutOf(versions, this.#options.clock.now() - healPolicy.windowMs);
    const [root, last] = [versions[0], versions[cut]];
    if (root === undefined || last === undefined || last.end - root.end < size / 2) return;
    // Looked up now: what is in memory may be given back while the file is read.
    const digests = new Set(versions.slice(cut + 1).flatMap(({ added }) => added.map(({ digest }) => digest)));
    const spans = Array.from(digests, (digest) => this.view.manifests.get(digest));
    const past = await this.recall(label);
    if (past?.versions.length !== versions.length) return;
    const entries = await paced(printedEntries((await paced(stateAt(past, cut))).values()));
    const pieces: string[] = [];
    const snapshot = { author: 'snapshot', base: undefined, label: last.label, delta: noDelta, owed: noDelta } as const;
    pieces.push(this.#record(snapshot, last.atMs));
    for (const span of spans) {
      if (span === undefined || span.at >= last.end) continue;
      const line = await this.#file.read(span);
      if (line === undefined) return;
      pieces.push(`\n${line}\n`);
    }
    const head = [Buffer.from(printHeader(this.#newId())), ...entries, Buffer.from(pieces.join(''))];
    if (!(await this.#file.replace(head, last.end))) return;
    this.#trimAtBytes = healPolicy.journalFloorBytes;
    await this.load();
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
    const { announced } = this.tree;
    // An update that ran again, or failed, leaves a record of a version that never was.
    const voids =
      announced === undefined || announced === version.base || announced === version.label ? [] : [announced];
    return printRecord({ ...version, atMs, voids, process: this.#options.process });
  }

  #object(bytes: Buffer): SmallObject {
    return { key: this.#options.key, bytes };
  }
}

/** The oldest version that was the newest one since `sinceMs`: what came before is not judged by any more. */
function cutOf(versions: readonly { readonly atMs: number }[], sinceMs: number): number {
  const next = versions.findIndex(({ atMs }, at) => at > 0 && atMs >= sinceMs);
  return next < 0 ? versions.length - 1 : next - 1;
}
