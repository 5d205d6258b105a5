// What is done again and again for as long as the process runs, once at a time.

export class RepeatedWork {
  readonly #work: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  /** `work` never rejects where nobody awaits `now`: what fails it says itself. */
  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  get isBegun(): boolean {
    return this.#timer !== undefined;
  }

  /** First after `everyMs`. Nothing when it was begun before. */
  every(everyMs: number): void {
    this.#timer ??= setInterval(() => void this.now(), everyMs).unref();
  }

  /** Whoever asks while it is done waits for the same. */
  now(): Promise<void> {
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Also waits for what has begun: whoever closes may remove the directory then. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }
}
