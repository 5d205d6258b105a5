// First come, first served, one at a time for each key: the queue in front of every lock, so that a process contends at most once.

export class KeyQueue {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `job` once everything queued earlier under `key` has ended, however it ended. */
  run<Result>(key: string, job: () => Promise<Result>): Promise<Result> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(job);
    const tail = result
      .then(
        () => {},
        () => {},
      )
      .then(() => {
        if (this.#tails.get(key) === tail) this.#tails.delete(key);
      });
    this.#tails.set(key, tail);
    return result;
  }

  /** Resolves when nothing is queued any more. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }
}
