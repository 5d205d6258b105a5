// Work whose result many ask for at once: done once for all who wait for it, and given up when the last of them has gone.

interface Run<Result> {
  readonly result: Promise<Result>;
  /** Ends the work. */
  readonly end: AbortController;
  askers: number;
}

export class SharedWork<Result> {
  readonly #work: (ended: AbortSignal) => Promise<Result>;
  #running: Run<Result> | undefined;
  #queued: Run<Result> | undefined;

  /** `work` checks the signal now and then and throws its reason. */
  constructor(work: (ended: AbortSignal) => Promise<Result>) {
    this.#work = work;
  }

  /**
   * The result of work that began after this call: what runs already may have passed by what the asker has just written, so whoever
   * comes meanwhile shares the next. Throws the signal's reason as soon as the asker has gone.
   */
  async ask(gone?: AbortSignal): Promise<Result> {
    gone?.throwIfAborted();
    const run = this.#runForNow();
    run.askers += 1;
    let leave = () => {};
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(gone?.reason);
      gone?.addEventListener('abort', leave);
    });
    try {
      return await Promise.race([run.result, left]);
    } finally {
      gone?.removeEventListener('abort', leave);
      run.askers -= 1;
      if (run.askers === 0) run.end.abort();
    }
  }

  #runForNow(): Run<Result> {
    if (this.#running === undefined) {
      const run = this.#begin(Promise.resolve());
      this.#running = run;
      return run;
    }
    // One that everybody had left will not begin.
    if (this.#queued === undefined || this.#queued.end.signal.aborted) {
      this.#queued = this.#begin(this.#running.result.catch(() => {}));
    }
    return this.#queued;
  }

  #begin(before: Promise<unknown>): Run<Result> {
    const end = new AbortController();
    const result = before.then(async () => {
      if (this.#queued === run) {
        this.#queued = undefined;
        this.#running = run;
      }
      end.signal.throwIfAborted();
      return this.#work(end.signal);
    });
    const run: Run<Result> = { result, end, askers: 0 };
    const ended = () => {
      if (this.#running === run) this.#running = this.#queued;
    };
    result.then(ended, ended);
    return run;
  }
}
