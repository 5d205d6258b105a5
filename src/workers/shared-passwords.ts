// Passwords are checked by one worker for all, the first of those that listen: guesses take their turns and wait as in a single process.
import type { PasswordHash } from '../auth/htpasswd/password-hash.ts';
import type { PasswordCheck, PasswordSharing, ShownPassword } from '../auth/htpasswd/password-sharing.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { ReadSharing } from '../storage/filesystem/read-sharing.ts';
import { ProcessGoneError } from './message-exchange.ts';
import type { ProcessNumber } from './messages.ts';
import { sharedReads } from './shared-reads.ts';
import type { WorkerLink } from './worker-link.ts';

const topic = 'password';
const usersTopic = 'users';

export class SharedPasswords implements PasswordSharing {
  readonly users: ReadSharing;
  readonly #link: WorkerLink<unknown>;

  constructor(link: WorkerLink<unknown>) {
    this.#link = link;
    this.users = sharedReads(link.exchange, usersTopic);
  }

  serve(check: PasswordCheck): void {
    this.#link.exchange.answer(topic, (question) => check(question as ShownPassword));
  }

  ask(shown: ShownPassword): Promise<PasswordHash | undefined> | undefined {
    const { first, isFirst } = this.#link;
    return first === undefined || isFirst ? undefined : this.#askNow(first.number, shown);
  }

  async #askNow(number: ProcessNumber, shown: ShownPassword): Promise<PasswordHash | undefined> {
    try {
      return (await this.#link.exchange.ask(number, topic, shown)) as PasswordHash | undefined;
    } catch (error) {
      if (!(error instanceof ProcessGoneError)) throw error;
      const detail = 'the process that checks passwords has ended; try again';
      throw new RegistryError('UNAVAILABLE', { detail, headers: { 'Retry-After': '1' } });
    }
  }
}
