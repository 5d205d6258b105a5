// Whose turn it is among the requests to one upload session.

/** That a later request wants the session. Most requests end before one could: what tells them is made when it is asked for. */
export class Interruption {
  #isAborted = false;
  #controller: AbortController | undefined;

  get aborted(): boolean {
    return this.#isAborted;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isAborted) this.#controller.abort();
    return this.#controller.signal;
  }

  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort();
  }
}

/**
 * Serialises the requests of a session. A client that lost its connection comes back while the server still believes in the
 * old socket: the newcomer asks all before it to let go and waits until the last write has ended, so chunks never interleave.
 */
export class SessionTurn {
  #newest: Interruption | undefined;
  #last: Promise<void> = Promise.resolve();
  #requests = 0;

  /** True while a request holds the session or waits for it. */
  get busy(): boolean {
    return this.#requests > 0;
  }

  /** Runs `work` once every earlier request has ended; it is interrupted as soon as a later one wants the session. */
  async take<T>(work: (interruption: Interruption) => Promise<T>): Promise<T> {
    this.#newest?.abort();
    const own = new Interruption();
    this.#newest = own;
    const before = this.#last;
    let release: () => void = () => {};
    this.#last = new Promise((resolve) => {
      release = resolve;
    });
    this.#requests += 1;
    try {
      await before;
      return await work(own);
    } finally {
      this.#requests -= 1;
      release();
    }
  }
}
