// Writing down a little later, so that what comes meanwhile goes with it. One write at a time.

export class LateWrite {
  readonly #write: () => Promise<void>;
  readonly #afterMs: number;
  #timer: NodeJS.Timeout | undefined;
  #last: Promise<void> = Promise.resolve();

  /** `write` never rejects where nobody awaits `now`: what cannot be written it says itself. */
  constructor(write: () => Promise<void>, afterMs: number) {
    this.#write = write;
    this.#afterMs = afterMs;
  }

  soon(): void {
    this.#timer ??= setTimeout(() => void this.now(), this.#afterMs).unref();
  }

  /** Also waits for a write that has begun: whoever closes may remove the directory then. */
  now(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#last = this.#last.then(this.#write, this.#write);
    return this.#last;
  }
}
