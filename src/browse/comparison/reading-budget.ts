// How much of an image is read for one comparison: whoever made its layers decides what they unpack to.
import { Pace } from '../../layout/pacing/pace.ts';

export interface ReadingLimits {
  /** Entries of tars, of each of the two images. */
  readonly entries: number;
  /** Unpacked bytes, of each. */
  readonly bytes: number;
  /** Of all paths and link targets of each, in characters. */
  readonly nameCharacters: number;
  /** Paths of each, and of the directories that they lead through: two thousand components may stand in one name. */
  readonly paths: number;
  /** For both. */
  readonly ms: number;
}

/** Names of so many files take a tenth of a gigabyte, and only one comparison runs at a time. */
export const readingLimits: ReadingLimits = {
  entries: 150_000,
  bytes: 8 * 1024 ** 3,
  nameCharacters: 24 * 1024 * 1024,
  paths: 300_000,
  ms: 25_000,
};

export type ReadingLimit = 'entries' | 'bytes' | 'names' | 'paths' | 'time';

/** Not all was read: what was is compared. */
export class BudgetSpentError extends Error {
  override readonly name = 'BudgetSpentError';
  readonly limit: ReadingLimit;

  constructor(limit: ReadingLimit) {
    super(`a comparison reads no further: ${limit}`);
    this.limit = limit;
  }
}

export interface BudgetOptions {
  readonly limits: ReadingLimits;
  /** By the clock of `performance.now`. */
  readonly untilMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Of one image. Lets others take their turn as well. */
export class ReadingBudget {
  entries = 0;
  bytes = 0;
  readonly #options: BudgetOptions;
  readonly #pace = new Pace();
  #nameCharacters = 0;

  constructor(options: BudgetOptions) {
    this.#options = options;
  }

  /** Throws BudgetSpentError, and the reason of the signal. */
  async spendBytes(count: number): Promise<void> {
    this.bytes += count;
    if (this.bytes > this.#options.limits.bytes) throw new BudgetSpentError('bytes');
    await this.#goOn();
  }

  /** Throws as `spendBytes`. */
  async spendEntry({ path, linkPath }: { readonly path: string; readonly linkPath: string }): Promise<void> {
    const { entries, nameCharacters } = this.#options.limits;
    this.entries += 1;
    this.#nameCharacters += path.length + linkPath.length;
    if (this.entries > entries) throw new BudgetSpentError('entries');
    if (this.#nameCharacters > nameCharacters) throw new BudgetSpentError('names');
    await this.#goOn();
  }

  /** Throws BudgetSpentError. `paths`: as many as there are by now. */
  assertPaths(paths: number): void {
    if (paths > this.#options.limits.paths) throw new BudgetSpentError('paths');
  }

  async #goOn(): Promise<void> {
    const { untilMs, signal } = this.#options;
    await this.#pace.step();
    signal?.throwIfAborted();
    if (performance.now() > untilMs) throw new BudgetSpentError('time');
  }
}
