// Reads the journal of one repository (journal.ts): what was acknowledged, and every version of index.json that is known of. Needs
// nothing but a store that can be read, so that whoever inspects a directory that is served elsewhere can tell what its server knows.
import { algorithmOf, type Digest, digestOf, isDigest } from '../../oci/digest.ts';
import type { Clock } from '../../storage/clock.ts';
import type { Key, ObjectReader, VersionLabel } from '../../storage/object-store.ts';
import { paced } from '../pacing/steps.ts';
import type { JournalBudget } from './journal-budget.ts';
import { JournalFile } from './journal-file.ts';
import { withPresentKeys } from './journal-keys.ts';
import { parseAbsent, parsedEntries, parseManifest } from './journal-record.ts';
import type { RecalledPast } from './journal-remains.ts';
import { JournalView } from './journal-view.ts';
import type { VersionTree } from './version-tree.ts';

export interface JournalReaderOptions {
  readonly store: ObjectReader;
  readonly key: Key;
  readonly clock: Clock;
  /** What all journals of the process keep in memory counts towards it. */
  readonly budget: JournalBudget;
}

/** Its bytes are what the digest says. */
export interface JournaledManifest {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly absent: readonly string[];
}

const light = { keepsChanges: false, isWhole: true };

/** For so long after the last judgement the next is expected: the whole journal stays in memory. */
const judgingMs = 30_000;
const maxAttempts = 5;
/** A journal of more is read again for each judgement. */
const mostBytesInMemory = 16 * 1024 * 1024;

export class JournalReader {
  readonly #file: JournalFile;
  readonly #clock: Clock;
  readonly #budget: JournalBudget;
  #view = new JournalView(light);
  #judgingUntilMs = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> = Promise.resolve();

  constructor({ store, key, clock, budget }: JournalReaderOptions, file = new JournalFile(store, key)) {
    this.#file = file;
    this.#clock = clock;
    this.#budget = budget;
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

  /** False where nothing was ever written through us, as far as `load` saw. */
  get exists(): boolean {
    return this.#file.exists;
  }

  /** True when the version shows what was acknowledged, so that there is nothing to judge: no work that grows with the index. */
  shows(label: VersionLabel | undefined): boolean {
    return this.tree.shows(label);
  }

  /** What a version is judged by; undefined when nothing is known, so that the version is adopted. O(journal). */
  async recall(label: VersionLabel | undefined): Promise<RecalledPast | undefined> {
    await this.readWhole();
    const found = this.tree.recall(label);
    if (found === undefined) return undefined;
    const { entries: span, ...past } = found;
    const line = await this.#file.read(span);
    if (line === undefined) {
      // Trimmed by another process meanwhile.
      await this.load();
      return this.recall(label);
    }
    const start = await paced(parsedEntries(line));
    if (start === undefined) {
      // Damaged by a power cut: the next record starts again from what the file shows.
      this.#replaceView(new JournalView(light));
      return undefined;
    }
    return paced(withPresentKeys({ start, ...past }));
  }

  /** The bytes of a manifest that was pushed within the window, if it was small; undefined when they are not kept. */
  async manifestBytes(digest: string): Promise<Uint8Array | undefined> {
    await this.load();
    if (!this.#view.manifests.has(digest) && !this.#view.isWhole) await this.readWhole();
    const span = this.#view.manifests.get(digest);
    const line = span === undefined ? undefined : await this.#file.read(span);
    const bytes = line === undefined ? undefined : parseManifest(line);
    if (bytes === undefined || !isDigest(digest)) return undefined;
    return digestOf(bytes, algorithmOf(digest)) === digest ? bytes : undefined;
  }

  /** Manifests that were acknowledged within the window, and what they referred to in vain then. */
  async *manifests(): AsyncGenerator<JournaledManifest> {
    await this.load();
    await this.readWhole();
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
    await this.readWhole();
    const own = this.tree.versions.filter(({ author }) => author === 'commit');
    return new Set(own.flatMap(({ changes }) => changes?.delta.added.map(({ digest }) => digest) ?? []));
  }

  protected get tree(): VersionTree {
    return this.#view.tree;
  }

  protected get view(): JournalView {
    return this.#view;
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
    const isJudging = this.#clock.elapsed() < this.#judgingUntilMs && this.#view.bytes < mostBytesInMemory;
    if (this.#view.canJudge && !isJudging) this.#view.lighten();
    this.#count();
  }

  /** As it was loaded last, from its beginning. */
  protected readWhole(): Promise<void> {
    this.#judgingUntilMs = this.#clock.elapsed() + judgingMs;
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
    const { published, announced } = this.tree;
    this.#view = view;
    this.tree.published = published;
    this.tree.announced = announced;
  }

  #count(): void {
    // One that is larger than all of it counts as that much, and goes as soon as another one is asked for.
    const size = Math.min(Math.max(1, this.#view.bytes), this.#budget.maxSize);
    if (this.#file.exists) this.#budget.set(this, size);
    else this.#budget.delete(this);
  }
}
