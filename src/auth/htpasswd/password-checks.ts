// Which password is checked next: one at a time, the addresses that ask take turns, and whoever was right before comes first.
import { RegistryError } from '../../oci/error-code.ts';
import type { Clock } from '../../storage/clock.ts';
import { FairQueue } from './fair-queue.ts';
import type { CredentialsKey } from './known-passwords.ts';
import type { PasswordHash } from './password-hash.ts';

export interface WantedCheck {
  readonly credentials: CredentialsKey;
  readonly password: string;
  readonly hash: PasswordHash;
  /** Whose turn it takes. */
  readonly network: string;
  /** They were right before: nobody who guesses is in their way. */
  readonly isKnown: boolean;
}

class Check {
  readonly wanted: WantedCheck;
  readonly askedAtMs: number;
  readonly outcome: Promise<boolean>;
  isBegun = false;
  #resolve: (outcome: Promise<boolean>) => void = () => {};

  constructor(wanted: WantedCheck, askedAtMs: number) {
    this.wanted = wanted;
    this.askedAtMs = askedAtMs;
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  begin(work: () => Promise<boolean>): Promise<boolean> {
    this.isBegun = true;
    const outcome = work();
    this.#resolve(outcome);
    return outcome;
  }
}

/** Waiting checks, of all addresses together. Where many wait, each address may have fewer. */
const maxWaiting = 4_096;
export const maxWaitingOfOne = 256;
const maxNetworks = 8_192;
/** Clients have given up by then: whoever guesses from thousands of addresses would keep the thread busy for hours. */
const longestWaitMs = 30_000;

export class PasswordChecks {
  readonly #isPasswordOf: (hash: PasswordHash, password: string) => Promise<boolean>;
  readonly #clock: Clock;
  readonly #checks = new Map<string, Check>();
  readonly #known = new FairQueue<Check>();
  readonly #others = new FairQueue<Check>();
  #isRunning = false;

  constructor(isPasswordOf: (hash: PasswordHash, password: string) => Promise<boolean>, clock: Clock) {
    this.#isPasswordOf = isPasswordOf;
    this.#clock = clock;
  }

  /** Whoever shows the same meanwhile waits for the same check. Refuses with TOOMANYREQUESTS (429) when too many wait. */
  ask(wanted: WantedCheck): Promise<boolean> {
    const key = keyOf(wanted);
    const underWay = this.#checks.get(key);
    const check = underWay ?? new Check(wanted, this.#clock.elapsed());
    const queue = wanted.isKnown ? this.#known : this.#others;
    // Also where it stands in the line of another address: the first turn counts.
    if (!check.isBegun && hasPlace(queue, wanted.network)) queue.push(wanted.network, check);
    else if (underWay === undefined) throw tooMany();
    this.#checks.set(key, check);
    if (!this.#isRunning) void this.#run();
    return check.outcome;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (;;) {
      const check = this.#known.shift() ?? this.#others.shift();
      if (check === undefined) break;
      // What it comes to is told to those who wait for it.
      if (!check.isBegun) await check.begin(() => this.#checked(check)).catch(() => {});
    }
    this.#isRunning = false;
  }

  async #checked({ wanted, askedAtMs }: Check): Promise<boolean> {
    try {
      if (this.#clock.elapsed() - askedAtMs > longestWaitMs) throw tooMany();
      return await this.#isPasswordOf(wanted.hash, wanted.password);
    } finally {
      this.#checks.delete(keyOf(wanted));
    }
  }
}

function keyOf({ credentials, hash }: WantedCheck): string {
  return `${credentials} ${hash}`;
}

function hasPlace(queue: FairQueue<Check>, network: string): boolean {
  const waiting = queue.lengthOf(network);
  const share = Math.max(1, Math.floor(maxWaiting / Math.max(1, queue.owners)));
  return waiting < Math.min(maxWaitingOfOne, share) && (waiting > 0 || queue.owners < maxNetworks);
}

export function tooMany(): RegistryError {
  return new RegistryError('TOOMANYREQUESTS', {
    detail: 'too many passwords are being checked; try again',
    headers: { 'Retry-After': '1' },
  });
}
