// One quota: what is there, what is on its way, and whether more is taken. Decided before the bytes come, when their number is known.
import type { Digest } from '../../oci/digest.ts';
import type { Clock } from '../../storage/clock.ts';
import { SharedWork } from '../shared-work.ts';
import { isBelow, QuotaExceededError, type QuotaRule } from './quota-rule.ts';
import { type CountedPlace, StoredBytes } from './stored-bytes.ts';

/** So long a count is believed, while there is room to spare; other programs and processes write as well. */
const trustMs = 10_000;
/** Beyond that share of it a count is believed for a moment only, and a refusal is never based on an older one. */
const spareShare = 0.9;
const trustWhenShortMs = 250;
/** Room is kept for so much more than has come: nothing is added up for each piece of a body. */
const stepBytes = 1024 * 1024;
const stepShare = 0.001;

export interface AskedRoom {
  /** What is there already costs nothing, as far as it is no larger. Undefined while nobody knows what it will be. */
  readonly digest: Digest | undefined;
  readonly bytes: number;
}

export interface QuotaOptions {
  readonly rule: QuotaRule;
  readonly places: () => Promise<readonly CountedPlace[]>;
  readonly clock: Pick<Clock, 'elapsed'>;
}

export class Quota {
  readonly #options: QuotaOptions;
  #rule: QuotaRule;
  readonly #stored = new StoredBytes();
  /** Bytes that are on their way, by who brings them. */
  readonly #coming = new Map<string, number>();
  readonly #counting = new SharedWork(() => this.#count());
  #countedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: QuotaOptions) {
    this.#options = options;
    this.#rule = options.rule;
  }

  get prefix(): QuotaRule['prefix'] {
    return this.#rule.prefix;
  }

  concerns(name: string): boolean {
    return isBelow(name, this.prefix);
  }

  /** Of the same prefix, more or less: what was counted stays counted, and what is on its way may arrive if there is room. */
  follow(bytes: number): void {
    this.#rule = { ...this.#rule, bytes };
  }

  /** Keeps room for what `bringer` brings, instead of what was kept for it before. Throws QuotaExceededError. */
  async admit(bringer: string, { digest, bytes }: AskedRoom): Promise<void> {
    const rule = this.#rule;
    const asked = () => this.#costOf({ digest, bytes });
    const isSpare = () => this.#used(bringer) + asked() <= rule.bytes * spareShare;
    if (this.#age() > trustMs || (!isSpare() && this.#age() > trustWhenShortMs)) await this.#counting.ask();
    if (asked() > this.#room(bringer)) throw this.#exceeded(bringer, asked());
    this.#coming.set(bringer, asked());
  }

  /** The same as it comes, by the last count; the error that says why there is no room. */
  take(bringer: string, asked: AskedRoom): QuotaExceededError | undefined {
    const bytes = this.#costOf(asked);
    if (bytes <= (this.#coming.get(bringer) ?? 0)) return undefined;
    const room = this.#room(bringer);
    if (bytes > room) return this.#exceeded(bringer, bytes);
    const ahead = Math.min(stepBytes, this.#rule.bytes * stepShare);
    this.#coming.set(bringer, Math.min(room, bytes + ahead));
    return undefined;
  }

  /** Whoever names a digest that is there may still send something else. */
  #costOf({ digest, bytes }: AskedRoom): number {
    const stored = digest === undefined ? undefined : this.#stored.sizeOf(digest);
    return stored !== undefined && bytes <= stored ? 0 : bytes;
  }

  /** Bytes that `bringer` may still bring, with those that it has brought. */
  #room(bringer: string): number {
    return Math.max(0, this.#rule.bytes - this.#used(bringer));
  }

  #exceeded(bringer: string, asked: number): QuotaExceededError {
    return new QuotaExceededError({ ...this.#rule, used: this.#used(bringer), asked });
  }

  /** It is there now. */
  arrived(bringer: string, digest: Digest, bytes: number): void {
    this.#coming.delete(bringer);
    this.#stored.add(digest, bytes);
  }

  /** So much of it has come so far, and whoever brings it may go on; 0: it does not come. */
  holds(bringer: string, bytes: number): void {
    if (bytes === 0) this.#coming.delete(bringer);
    else this.#coming.set(bringer, bytes);
  }

  /** So that the first push does not wait for it. */
  async prepare(): Promise<void> {
    await this.#counting.ask();
  }

  async #count(): Promise<void> {
    const { clock, places } = this.#options;
    const begunAtMs = clock.elapsed();
    await this.#stored.count(await places());
    this.#countedAtMs = begunAtMs;
  }

  #age(): number {
    return this.#options.clock.elapsed() - this.#countedAtMs;
  }

  #used(bringer: string): number {
    let coming = 0;
    for (const [other, bytes] of this.#coming) if (other !== bringer) coming += bytes;
    return this.#stored.bytes + coming;
  }
}
