// Where several processes are one server, one of them checks the passwords of all: whoever guesses is slowed as by a single process, over
// whichever connections they come.
import type { ReadSharing } from '../../storage/filesystem/read-sharing.ts';
import type { PasswordHash } from './password-hash.ts';

export interface ShownPassword {
  readonly name: string;
  readonly password: string;
  readonly address: string;
}

/** The hash that a password is right for; undefined, when its answer may be given, for a wrong one. Refuses with TOOMANYREQUESTS (429) and UNAVAILABLE (503). */
export type PasswordCheck = (shown: ShownPassword) => Promise<PasswordHash | undefined>;

export interface PasswordSharing {
  /** How this process checks, when it is the one. */
  serve(check: PasswordCheck): void;
  /** Undefined: this process is the one. */
  ask(shown: ShownPassword): ReturnType<PasswordCheck> | undefined;
  readonly users: ReadSharing;
}
