// Logins that are not answered yet: the same one is made once, and of different ones there are only so many at a time.
import type { Account } from '../accounts.ts';
import { maxWaitingOfOne, tooMany } from './password-checks.ts';

/** Different passwords of one user from one address: with the delay of wrong ones, how fast they can be guessed. */
const maxOfPair = 4;

export interface Attempt {
  /** What is shown, and against which hash. */
  readonly shown: string;
  /** Whose password it would be, from where. */
  readonly pair: string;
  readonly network: string;
  /** It was right before, and is no guess: it takes no place. */
  readonly isKnown: boolean;
}

export class OpenAttempts {
  readonly #attempts = new Map<string, Promise<Account>>();
  readonly #ofPair = new Map<string, number>();
  readonly #ofNetwork = new Map<string, number>();

  /** The outcome of `make`, or of the same attempt from the same address that is under way. Refuses with TOOMANYREQUESTS (429). */
  join({ shown, pair, network, isKnown }: Attempt, make: () => Promise<Account>): Promise<Account> {
    const key = `${network} ${shown}`;
    const underWay = this.#attempts.get(key);
    if (underWay !== undefined) return underWay;
    if (!isKnown) {
      if ((this.#ofPair.get(pair) ?? 0) >= maxOfPair) throw tooMany();
      if ((this.#ofNetwork.get(network) ?? 0) >= maxWaitingOfOne) throw tooMany();
      add(this.#ofPair, pair, 1);
      add(this.#ofNetwork, network, 1);
    }
    const attempt = make().finally(() => {
      this.#attempts.delete(key);
      if (isKnown) return;
      add(this.#ofPair, pair, -1);
      add(this.#ofNetwork, network, -1);
    });
    this.#attempts.set(key, attempt);
    return attempt;
  }
}

function add(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
