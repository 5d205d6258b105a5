// One upload session in this process: who holds it, and the hash of what it has received so far.
import { type Digest, type DigestAlgorithm, Digester } from '../oci/digest.ts';

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

/** The running hash beside a session's bytes; worth something only while it has seen every one of them, once and in order. */
export class SessionHash {
  readonly #digester: Digester;
  #sawAll = true;

  constructor(algorithm: DigestAlgorithm) {
    this.#digester = new Digester(algorithm);
  }

  /** Before bytes are appended at `size`: when other bytes than those hashed stand before them, the hash is of no use any more. */
  continueAt(size: number): void {
    if (this.#digester.bytes !== size) this.#sawAll = false;
  }

  update(chunk: Uint8Array): void {
    if (this.#sawAll) this.#digester.update(chunk);
  }

  /** The digest of all `size` bytes, when exactly those were hashed with that algorithm; undefined asks for a second look at the bytes. */
  digestOf(size: number, algorithm: DigestAlgorithm): Digest | undefined {
    const usable = this.#sawAll && this.#digester.bytes === size && this.#digester.algorithm === algorithm;
    return usable ? this.#digester.digest() : undefined;
  }
}
