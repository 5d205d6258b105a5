// Whose turn it is among the requests to one upload session.

/**
 * Serialises the requests of a session. A client that lost its connection comes back while the server still believes in the
 * old socket: the newcomer asks all before it to let go and waits until the last write has ended, so chunks never interleave.
 */
export class SessionTurn {
  #newest: AbortController | undefined;
  #last: Promise<void> = Promise.resolve();
  #requests = 0;

  /** True while a request holds the session or waits for it. */
  get busy(): boolean {
    return this.#requests > 0;
  }

  /** Runs `work` once every earlier request has ended; `signal` is aborted as soon as a later one wants the session. */
  async take<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#newest?.abort();
    const own = new AbortController();
    this.#newest = own;
    const before = this.#last;
    let release: () => void = () => {};
    this.#last = new Promise((resolve) => {
      release = resolve;
    });
    this.#requests += 1;
    try {
      await before;
      return await work(own.signal);
    } finally {
      this.#requests -= 1;
      release();
    }
  }
}
