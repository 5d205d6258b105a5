// Work of which a server does one piece at a time: who comes meanwhile waits a little, and is told to come again where that is not enough.
import { RegistryError } from '../../oci/error-code.ts';

const mostWaiting = 8;
const longestWaitMs = 15_000;

interface Waiter {
  readonly begin: () => void;
}

export class OneAtATime {
  readonly #waiting = new Set<Waiter>();
  readonly #longestWaitMs: number;
  #isBusy = false;

  /** `waitMs` for tests. */
  constructor(waitMs: number = longestWaitMs) {
    this.#longestWaitMs = waitMs;
  }

  /** First come, first served. Throws UNAVAILABLE (503), and the reason of `gone` once its client has left. */
  async run<Result>(work: () => Promise<Result>, gone?: AbortSignal): Promise<Result> {
    gone?.throwIfAborted();
    if (this.#isBusy) await this.#turn(gone);
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      const [next] = this.#waiting;
      if (next === undefined) this.#isBusy = false;
      else next.begin();
    }
  }

  #turn(gone: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.size >= mostWaiting) throw busy();
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        gone?.removeEventListener('abort', onGone);
        this.#waiting.delete(waiter);
      };
      const waiter = {
        begin: () => {
          leave();
          resolve();
        },
      };
      const onGone = () => {
        leave();
        reject(gone?.reason);
      };
      const timer = setTimeout(() => {
        leave();
        reject(busy());
      }, this.#longestWaitMs);
      gone?.addEventListener('abort', onGone);
      this.#waiting.add(waiter);
    });
  }
}

function busy(): RegistryError {
  const headers = { 'Retry-After': '10' };
  return new RegistryError('UNAVAILABLE', {
    detail: 'other images are being compared; try again in a moment',
    headers,
  });
}
