// What we acknowledged in one repository, and every version of its index.json that we know of: a file that all server processes
// append to under the repository's lock. Nothing in it is needed to serve; without it a foreign file is adopted as it is.
import { digestOf, isDigest } from '../oci/digest.ts';
import type { Clock } from '../storage/clock.ts';
import type { Key, ObjectStore, OpenObject, SmallObject, Version, VersionLabel } from '../storage/object-store.ts';
import { type Past, stateAt } from './base-inference.ts';
import type { Judgement } from './foreign-edits.ts';
import { healPolicy } from './heal-policy.ts';
import { type Delta, type IndexedEntry, isEmptyDelta, noDelta } from './indexed-entry.ts';
import {
  journalLines,
  parseEntries,
  parseManifest,
  printEntries,
  printHeader,
  printManifest,
  printRecord,
  readHeader,
  type Span,
  type VersionAuthor,
} from './journal-record.ts';
import { type KnownVersion, VersionTree } from './version-tree.ts';

export interface JournalOptions {
  readonly store: ObjectStore;
  readonly key: Key;
  readonly clock: Clock;
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
  /** Manifests that the delta lists, by digest: what is small enough is kept. */
  readonly manifests: Iterable<readonly [digest: string, bytes: Uint8Array]>;
  /** All entries of the base: asked for only when the journal does not know it. */
  baseEntries(): Iterable<IndexedEntry>;
}

/** A version that somebody else wrote. */
export interface JudgedVersion {
  readonly label: VersionLabel | undefined;
  readonly past: Past;
  readonly judgement: Judgement;
}

export class Journal {
  readonly #options: JournalOptions;
  #tree = new VersionTree();
  #manifests = new Map<string, Span>();
  /** Of the file as far as it was read; undefined when there is none. */
  #id: string | undefined;
  #version: Version | undefined;
  #offset = 0;
  /** The snapshot that the next record may be about. */
  #entries: Span | undefined;
  #loading: Promise<void> = Promise.resolve();
  /** Recorded by us, not known to be published. */
  #announced: VersionLabel | undefined;
  #trimAtBytes: number = healPolicy.journalFloorBytes;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Reads what was appended since; one stat when nothing was. */
  load(): Promise<void> {
    const tail = () => this.#tail();
    this.#loading = this.#loading.then(tail, tail);
    return this.#loading;
  }

  /** True when the version shows what was acknowledged, so that there is nothing to judge: no work that grows with the index. */
  shows(label: VersionLabel | undefined): boolean {
    return this.#tree.shows(label);
  }

  /** What a version is judged by; undefined when nothing is known, so that the version is adopted. O(entries). */
  async recall(label: VersionLabel | undefined): Promise<Past | undefined> {
    const found = this.#tree.recall(label);
    const root = found?.versions[0];
    if (found === undefined || root === undefined) return undefined;
    const line = await this.#read(root.entries);
    if (line === undefined) {
      // Trimmed by another process meanwhile.
      this.#forget();
      await this.load();
      return this.recall(label);
    }
    const entries = parseEntries(line);
    if (entries === undefined) {
      // Damaged by a power cut: the next record starts again from what the file shows.
      this.#forget();
      return undefined;
    }
    return { start: new Map(entries.map((entry) => [entry.key, entry])), ...found };
  }

  /** What to append before the version becomes visible. */
  recordOf(publication: Publication): SmallObject {
    const { author, base, label, delta, judged, manifests } = publication;
    const pieces = this.#id === undefined ? [printHeader(this.#newId())] : [];
    for (const [digest, bytes] of manifests) {
      if (bytes.byteLength > healPolicy.manifestLimitBytes || this.#manifests.has(digest)) continue;
      pieces.push(printManifest(digest, bytes));
    }
    if (judged !== undefined) pieces.push(this.#foreignRecord(judged));
    else if (!this.#tree.knows(base)) {
      pieces.push(printEntries(publication.baseEntries()));
      pieces.push(this.#record({ author: 'snapshot', base: undefined, label: base, delta: noDelta }));
    }
    pieces.push(this.#record({ author, base, label, delta }));
    this.#announced = label;
    return this.#piece(pieces);
  }

  /** What to append, still under the lock, about a foreign version that stays as it is. */
  foreignRecordOf(judged: JudgedVersion): SmallObject {
    return this.#piece([this.#foreignRecord(judged)]);
  }

  /** To be told after each update that published: tells a version that another holder of the lock replaced from one that never was. */
  published(label: VersionLabel): void {
    this.#tree.published = label;
    this.#announced = undefined;
  }

  /** The bytes of a manifest that was pushed within the window, if it was small; undefined when they are not kept. */
  async manifestBytes(digest: string): Promise<Uint8Array | undefined> {
    await this.load();
    const span = this.#manifests.get(digest);
    const line = span === undefined ? undefined : await this.#read(span);
    const bytes = line === undefined ? undefined : parseManifest(line);
    if (bytes === undefined || !isDigest(digest)) return undefined;
    return digestOf(bytes, digest.startsWith('sha512:') ? 'sha512' : 'sha256') === digest ? bytes : undefined;
  }

  /** Drops what nothing is judged by any more, once that is worth it. Under the repository's lock, given the version that the file shows. */
  async trim(label: VersionLabel | undefined): Promise<void> {
    if (this.#offset <= this.#trimAtBytes || !this.shows(label)) return;
    this.#trimAtBytes = this.#offset * 1.25;
    const versions = this.#tree.recall(label)?.versions ?? [];
    const cut = cutOf(versions, this.#options.clock.now() - healPolicy.windowMs);
    const [root, last] = [versions[0], versions[cut]];
    if (root === undefined || last === undefined || last.end - root.end < this.#offset / 2) return;
    const past = await this.recall(label);
    const recent = await this.#read({ at: last.end, length: this.#offset - last.end });
    if (past === undefined || recent === undefined) return;
    const pieces = [printHeader(this.#newId()), printEntries(stateAt(past, cut).values())];
    pieces.push(this.#record({ author: 'snapshot', base: undefined, label: last.label, delta: noDelta }, last.atMs));
    const digests = new Set(versions.slice(cut + 1).flatMap(({ added }) => added.map(({ digest }) => digest)));
    for (const digest of digests) {
      const span = this.#manifests.get(digest);
      if (span !== undefined && span.at < last.end) pieces.push(`\n${(await this.#read(span)) ?? ''}\n`);
    }
    const { store, key } = this.#options;
    await store.write(key, Buffer.concat([Buffer.from(pieces.join('')), recent]));
    this.#forget();
    this.#trimAtBytes = healPolicy.journalFloorBytes;
    await this.load();
  }

  async #tail(): Promise<void> {
    const { store, key } = this.#options;
    const info = await store.stat(key);
    if (info !== undefined && info.version === this.#version) return;
    const journal = info === undefined ? undefined : await store.open(key);
    if (journal === undefined) return this.#forget();
    try {
      const id = await idOf(journal);
      if (id !== this.#id || journal.info.size < this.#offset) this.#forget();
      this.#id = id;
      const bytes = await readSpan(journal, { at: this.#offset, length: journal.info.size - this.#offset });
      for (const line of journalLines(bytes, this.#offset)) {
        if (line.kind === 'manifest') this.#manifests.set(line.digest, line.span);
        else if (line.kind === 'entries') this.#entries = line.span;
        else if (line.kind === 'record')
          this.#tree.add(line.record, this.#entries, line.span.at + line.span.length + 1);
      }
      this.#offset += bytes.lastIndexOf(10) + 1;
      this.#version = journal.info.version;
    } finally {
      await journal.close();
    }
  }

  async #read(span: Span): Promise<Buffer | undefined> {
    const journal = await this.#options.store.open(this.#options.key);
    if (journal === undefined) return undefined;
    try {
      return (await idOf(journal)) === this.#id ? await readSpan(journal, span) : undefined;
    } finally {
      await journal.close();
    }
  }

  #forget(): void {
    const { published } = this.#tree;
    this.#tree = new VersionTree();
    this.#tree.published = published;
    this.#manifests = new Map();
    this.#id = undefined;
    this.#version = undefined;
    this.#offset = 0;
  }

  #newId(): string {
    return `${this.#options.process}-${this.#options.clock.now()}`;
  }

  #foreignRecord({ label, past, judgement }: JudgedVersion): string {
    const base = past.versions.at(-1)?.label;
    // A twin that was merged into the tagged entry of its digest is not owed: its digest is listed (rule 1).
    const owed = judgement.urgent ? judgement.heal : noDelta;
    return this.#record({ author: 'foreign', base, label, delta: judgement.seen, owed });
  }

  #record(
    version: {
      author: VersionAuthor;
      base: VersionLabel | undefined;
      label: VersionLabel | undefined;
      delta: Delta;
      owed?: Delta;
    },
    atMs = this.#options.clock.now(),
  ): string {
    const { owed = noDelta, ...rest } = version;
    const announced = this.#announced;
    // An update that ran again, or failed, leaves a record of a version that never was.
    const voids =
      announced === undefined || announced === version.base || announced === version.label ? [] : [announced];
    return printRecord({ ...rest, owed, atMs, voids, process: this.#options.process });
  }

  #piece(pieces: readonly string[]): SmallObject {
    return { key: this.#options.key, bytes: Buffer.from(pieces.join('')) };
  }
}

/** The oldest version that was the newest one since `sinceMs` and that owes nothing: what came before is not judged by any more. */
function cutOf(versions: readonly KnownVersion[], sinceMs: number): number {
  let at = versions.findIndex((_, index) => index > 0 && (versions[index]?.atMs ?? 0) >= sinceMs) - 1;
  if (at < 0) at = versions.length - 1;
  while (at > 0 && !isEmptyDelta(versions[at]?.owed ?? noDelta)) at -= 1;
  return at;
}

async function idOf(journal: OpenObject): Promise<string> {
  return readHeader(await readSpan(journal, { at: 0, length: 256 }));
}

async function readSpan(journal: OpenObject, { at, length }: Span): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.max(0, length));
  const count = await journal.readInto(bytes, at);
  return bytes.subarray(0, count);
}
