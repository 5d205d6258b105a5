// Logging in with the password of the htpasswd file. A right one is answered at once; a wrong one waits, as long for a name that nobody has.
import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryError } from '../../oci/error-code.ts';
import type { Clock } from '../../storage/clock.ts';
import type { Account } from '../accounts.ts';
import { BadCredentialsError } from '../bad-credentials-error.ts';
import { clientNetwork } from '../client-network.ts';
import { KnownPasswords } from './known-passwords.ts';
import { OpenAttempts } from './open-attempts.ts';
import { PasswordChecks, type WantedCheck } from './password-checks.ts';
import type { PasswordHash } from './password-hash.ts';
import type { PasswordSharing, ShownPassword } from './password-sharing.ts';
import { isPasswordOf } from './password-thread.ts';
import type { User, UserFile } from './user-file.ts';
import { WrongPasswords } from './wrong-passwords.ts';

export interface LoginParts {
  readonly users: Pick<UserFile, 'find' | 'nobody'>;
  readonly clock: Clock;
  readonly isPasswordOf?: (hash: PasswordHash, password: string) => Promise<boolean>;
  /** How the answer to a wrong password waits. */
  readonly wait?: (ms: number) => Promise<unknown>;
  /** Undefined: there are no other processes of the server. */
  readonly sharing?: PasswordSharing | undefined;
}

/** Nobody's name is longer, and bcrypt reads no more of a password: what clients send may be kept for a while. */
const maxNameKept = 256;
const maxPasswordKept = 100;
const lookEveryMs = 1_000;

export class PasswordLogin {
  readonly #users: LoginParts['users'];
  readonly #known: KnownPasswords;
  readonly #checks: PasswordChecks;
  readonly #wrong: WrongPasswords;
  readonly #wait: (ms: number) => Promise<unknown>;
  readonly #attempts = new OpenAttempts();
  readonly #sharing: PasswordSharing | undefined;

  constructor({ users, clock, isPasswordOf: isRight = isPasswordOf, wait = sleep, sharing }: LoginParts) {
    this.#users = users;
    this.#known = new KnownPasswords(clock);
    this.#checks = new PasswordChecks(isRight, clock);
    this.#wrong = new WrongPasswords(clock);
    this.#wait = wait;
    this.#sharing = sharing;
    if (sharing === undefined) return;
    sharing.serve((shown) => this.#checkForOthers(shown));
    // A process that is asked for nothing must not go on with what the file said when it was asked last, while the others know better.
    setInterval(() => void users.find(''), lookEveryMs).unref();
  }

  /**
   * Synchronous for what was checked within the last minute. Refuses with BadCredentialsError; with TOOMANYREQUESTS (429) who guesses;
   * with UNAVAILABLE (503) when no password can be checked.
   */
  check(name: string, password: string, address: string): Account | Promise<Account> {
    const user = this.#users.find(name);
    const credentials = this.#known.keyOf(name, password);
    if (user !== undefined && this.#known.areFresh(credentials, user.hash)) return user.account;
    const shown = { name, password, address };
    const elsewhere = this.#sharing?.ask(shown);
    return elsewhere === undefined ? this.#checkHere(shown) : this.#judged(shown, elsewhere);
  }

  #checkHere({ name, password, address }: ShownPassword): Promise<Account> {
    const user = this.#users.find(name);
    const credentials = this.#known.keyOf(name, password);
    const hash = user?.hash ?? this.#users.nobody;
    const network = clientNetwork(address);
    const isKnown = user !== undefined && this.#known.wereRight(credentials, hash);
    const pair = `${network} ${name.slice(0, maxNameKept)}`;
    const wanted = { credentials, password: password.slice(0, maxPasswordKept), hash, network, isKnown };
    return this.#attempts.join({ shown: `${credentials} ${hash}`, pair, network, isKnown }, async () => {
      const { isRight, now } = await this.#checked(name, wanted);
      if (now === undefined || !isRight) return this.#refuse(pair, now);
      this.#known.remember(credentials, now.hash);
      return now.account;
    });
  }

  async #checkForOthers(shown: ShownPassword): Promise<PasswordHash | undefined> {
    try {
      await this.#checkHere(shown);
      return this.#users.find(shown.name)?.hash;
    } catch (error) {
      if (error instanceof BadCredentialsError) return undefined;
      throw error;
    }
  }

  /** By another process, which has slowed the answer to a wrong one. What holds is what the file says here and now. */
  async #judged({ name, password }: ShownPassword, outcome: Promise<PasswordHash | undefined>): Promise<Account> {
    const hash = await outcome;
    const now = this.#users.find(name);
    if (now === undefined || hash !== now.hash) throw refusal(now);
    this.#known.remember(this.#known.keyOf(name, password), now.hash);
    return now.account;
  }

  /** Again where the file changed meanwhile, and this user with it: what holds is what it says now. */
  async #checked(name: string, wanted: WantedCheck): Promise<{ isRight: boolean; now: User | undefined }> {
    for (let { hash } = wanted; ; ) {
      const isRight = await this.#isRight({ ...wanted, hash });
      const now = this.#users.find(name);
      const current = now?.hash ?? this.#users.nobody;
      if (current === hash) return { isRight, now };
      hash = current;
    }
  }

  /** An empty password is nobody's, whatever a file says: it is what a variable holds that was not set. */
  async #isRight(wanted: WantedCheck): Promise<boolean> {
    try {
      return (await this.#checks.ask(wanted)) && wanted.password !== '';
    } catch (cause) {
      if (cause instanceof RegistryError) throw cause;
      throw new RegistryError('UNAVAILABLE', { detail: 'the password could not be checked', cause });
    }
  }

  async #refuse(pair: string, user: User | undefined): Promise<never> {
    await this.#wait(this.#wrong.count(pair));
    throw refusal(user);
  }
}

function refusal(user: User | undefined): BadCredentialsError {
  if (user === undefined) return new BadCredentialsError('no such user');
  return new BadCredentialsError('wrong password', { who: user.account.principal });
}
