// What one repository received lately: the blobs that may be put back when a foreign collector takes them. Costs nothing while
// it is empty, since every name that anybody asks for has one.
import type { Digest } from '../../oci/digest.ts';
import type { Clock } from '../../storage/clock.ts';

/** The oldest are forgotten first. */
const maxReceived = 10_000;

export class ReceivedBlobs {
  readonly #clock: Clock;
  readonly #windowMs: number;
  /** In the order of their times. */
  readonly #atMs = new Map<Digest, number>();

  /** What came longer ago than `windowMs` is forgotten. */
  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock;
    this.#windowMs = windowMs;
  }

  add(digest: Digest): void {
    this.#atMs.delete(digest);
    this.#atMs.set(digest, this.#clock.elapsed());
    this.#forgetOld();
  }

  delete(digest: Digest): void {
    this.#atMs.delete(digest);
  }

  has(digest: Digest): boolean {
    this.#forgetOld();
    return this.#atMs.has(digest);
  }

  digests(): readonly Digest[] {
    this.#forgetOld();
    return [...this.#atMs.keys()];
  }

  #forgetOld(): void {
    const oldestMs = this.#clock.elapsed() - this.#windowMs;
    for (const [digest, atMs] of this.#atMs) {
      if (atMs >= oldestMs && this.#atMs.size <= maxReceived) return;
      this.#atMs.delete(digest);
    }
  }
}
