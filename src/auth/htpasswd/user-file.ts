// The users of a htpasswd file, as the file says now; while it is broken or gone, as it said when it last was whole.
import { createHash } from 'node:crypto';
import type { ReadFile, ReadSharing } from '../../storage/filesystem/read-sharing.ts';
import { type FileState, noSuchFile, type WatchedFile } from '../../storage/filesystem/watched-file.ts';
import type { Log } from '../../storage/log.ts';
import type { Account } from '../accounts.ts';
import { type HtpasswdLine, parseHtpasswd } from './htpasswd-file.ts';
import { costOf, nobodysHash, type PasswordHash, usualCost } from './password-hash.ts';

export interface User {
  /** The same object until the password changes. */
  readonly account: Account;
  readonly hash: PasswordHash;
}

/** It cannot be started with; the message names file, line and what to do. */
export class UserFileError extends Error {
  override readonly name = 'UserFileError';
}

export interface UserFileOptions {
  readonly log: Log;
  /** Told of the names of all users whenever they were read. */
  readonly onRead: (names: ReadonlySet<string>) => void;
  /** Undefined: there are no other processes. */
  readonly sharing?: ReadSharing | undefined;
}

export class UserFile {
  readonly #file: WatchedFile;
  readonly #options: UserFileOptions;
  /** The version of the file that was looked at last, good or not. */
  #seen: FileState;
  #users: ReadonlyMap<string, User> = new Map();
  /** The version that they are from, and whether another process told of it. */
  #changedAtNs = 0n;
  #isTold = false;
  /** The version that was read last. */
  #readAtNs = 0n;
  #nobody: PasswordHash = nobodysHash(usualCost);

  /** Throws UserFileError when the file is not whole. */
  constructor(file: WatchedFile, options: UserFileOptions) {
    this.#file = file;
    this.#options = options;
    this.#seen = file.current();
    this.#readAtNs = file.changedAtNs;
    const problem = this.#take(this.#seen);
    if (problem !== undefined) throw new UserFileError(`${file.path}${problem}`);
    options.sharing?.listen((read) => {
      if (read.changedAtNs <= this.#changedAtNs) return;
      this.#takeRead(read);
      this.#isTold = true;
    });
  }

  find(name: string): User | undefined {
    this.#reload();
    return this.#users.get(name);
  }

  /** What a password is checked against that is nobody's: at the cost of most users. */
  get nobody(): PasswordHash {
    return this.#nobody;
  }

  #reload(): void {
    const state = this.#file.current();
    // A file may say again what it said before another process told of something else.
    const isReadAgain = this.#isTold && this.#file.changedAtNs !== this.#readAtNs;
    this.#readAtNs = this.#file.changedAtNs;
    if (state === this.#seen && !isReadAgain) return;
    this.#seen = state;
    const problem = this.#take(state);
    const { path } = this.#file;
    const { log } = this.#options;
    if (problem === undefined) log.info('users read again', { file: path, users: this.#users.size });
    else log.warn('users stay as they were: their file is not whole', { problem: `${path}${problem}` });
  }

  /** The problem goes on after the path. */
  #take(state: FileState): string | undefined {
    if (state.kind === 'unusable') {
      return `: ${state.reason}${state.reason === noSuchFile ? '; "moorage user add NAME" makes it' : ''}`;
    }
    const read = { bytes: state.bytes, changedAtNs: this.#file.changedAtNs };
    const problem = this.#takeRead(read);
    if (problem !== undefined) return problem;
    this.#isTold = false;
    this.#options.sharing?.tell(read);
    return undefined;
  }

  #takeRead({ bytes, changedAtNs }: ReadFile): string | undefined {
    const lines = parseHtpasswd(bytes);
    if ('problem' in lines) return `, ${lines.problem}`;
    this.#changedAtNs = changedAtNs;
    this.#users = new Map(lines.flatMap((line) => (line.kind === 'user' ? [[line.name, this.#userOf(line)]] : [])));
    const cost = mostFrequentCost([...this.#users.values()]);
    if (cost !== costOf(this.#nobody)) this.#nobody = nobodysHash(cost);
    const { onRead, log } = this.#options;
    if (this.#users.size === 0)
      log.warn('there are no users: nobody can log in with a password', { file: this.#file.path });
    onRead(new Set(this.#users.keys()));
    return undefined;
  }

  #userOf({ name, hash }: HtpasswdLine & { readonly kind: 'user' }): User {
    const known = this.#users.get(name);
    if (known?.hash === hash) return known;
    // Groups are those that rules know of by the name: an operator may change them at any time.
    const principal = { name, kind: 'user', groups: [], shown: 'basic', scope: undefined, grant: undefined } as const;
    // In tokens, which clients read: nothing that helps to guess the password leads back from it, since the salt is random.
    const generation = createHash('sha256').update(hash).digest('base64url').slice(0, 22);
    return { account: { principal, generation, endsAtMs: undefined }, hash };
  }
}

function mostFrequentCost(users: readonly User[]): number {
  const counts = new Map<number, number>();
  for (const { hash } of users) counts.set(costOf(hash), (counts.get(costOf(hash)) ?? 0) + 1);
  const [[cost] = [usualCost]] = [...counts].sort(([, one], [, other]) => other - one);
  return cost;
}
