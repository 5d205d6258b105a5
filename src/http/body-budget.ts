// Memory for bodies that are held whole, shared by all connections: a body gets its part before a byte of it is read, and until then
// its client is held back by TCP. One address has at most half, so that its slow or many bodies do not keep out everybody else's.
import { RegistryError } from '../oci/error-code.ts';

export interface Holder {
  /** Of the client. */
  readonly address: string;
  /** Bytes. */
  readonly size: number;
}

interface Waiter extends Holder {
  readonly admit: () => void;
}

/** Clients come back later; those that do not retry have been waiting long enough. */
const retryAfter = { 'Retry-After': '5' };

export class BodyBudget {
  readonly #maxWaitMs: number;
  readonly #share: number;
  #free: number;
  readonly #heldBy = new Map<string, number>();
  readonly #waiting = new Set<Waiter>();

  readonly #noun: string;

  /** `bytes` is at least twice the largest body; `noun` is what the bodies are. */
  constructor(bytes: number, maxWaitMs: number, noun: string) {
    this.#noun = noun;
    this.#free = bytes;
    this.#share = Math.floor(bytes / 2);
    this.#maxWaitMs = maxWaitMs;
  }

  /**
   * Resolves once so much may be held; what it resolves to gives it back. Small bodies pass large ones that wait.
   * Throws UNAVAILABLE (503) when that takes too long, and the reason of the signal.
   */
  async reserve(holder: Holder, gone: AbortSignal): Promise<() => void> {
    if (!this.#fits(holder)) await this.#turn(holder, gone);
    else this.#take(holder);
    return () => this.#giveBack(holder);
  }

  #turn(holder: Holder, gone: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        gone.removeEventListener('abort', onGone);
        this.#waiting.delete(waiter);
        act();
      };
      const onGone = () => settle(() => reject(gone.reason));
      const waiter: Waiter = { ...holder, admit: () => settle(resolve) };
      const timer = setTimeout(() => settle(() => reject(tooMany(this.#noun))), this.#maxWaitMs);
      gone.addEventListener('abort', onGone);
      this.#waiting.add(waiter);
    });
  }

  #giveBack(holder: Holder): void {
    this.#free += holder.size;
    const held = this.#held(holder.address) - holder.size;
    if (held === 0) this.#heldBy.delete(holder.address);
    else this.#heldBy.set(holder.address, held);
    for (const waiter of this.#waiting) {
      if (!this.#fits(waiter)) continue;
      this.#take(waiter);
      waiter.admit();
    }
  }

  #take({ address, size }: Holder): void {
    this.#free -= size;
    this.#heldBy.set(address, this.#held(address) + size);
  }

  #fits({ address, size }: Holder): boolean {
    return size <= this.#free && this.#held(address) + size <= this.#share;
  }

  #held(address: string): number {
    return this.#heldBy.get(address) ?? 0;
  }
}

function tooMany(noun: string): RegistryError {
  return new RegistryError('UNAVAILABLE', {
    message: `too many ${noun}s are being sent at once`,
    headers: retryAfter,
  });
}
