// Adds users to the htpasswd file, removes and lists them.

import { withoutUser, withUser } from '../auth/htpasswd/htpasswd-edit.ts';
import { type HtpasswdLine, maxFileBytes, parseHtpasswd } from '../auth/htpasswd/htpasswd-file.ts';
import { maxPasswordBytes, type PasswordHash, usualCost } from '../auth/htpasswd/password-hash.ts';
import { robotDirectoryOf } from '../auth/robots/robot-directory.ts';
import { isRobotName } from '../auth/robots/robot-record.ts';
import { problemOfName } from '../auth/user-name.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Settings } from '../config/schema.ts';
import { settingAt } from '../config/settings.ts';
import { printableText } from '../oci/printable-text.ts';
import { editFile } from '../storage/filesystem/edited-file.ts';
import { WatchedFile } from '../storage/filesystem/watched-file.ts';
import { CommandError, exitCodes } from './failure.ts';
import { textTable } from './output-table.ts';
import { jsonDocument, terminalColumns } from './output-text.ts';
import { askNewPassword, passwordFromStandardInput } from './password-input.ts';

export interface UserOptions {
  readonly settings: Settings;
  /** As written on the command line. */
  readonly file: string | undefined;
}

/** Returns the exit code. Throws what failureOf explains. */
export async function addUser(name: string, isPiped: boolean, options: UserOptions): Promise<number> {
  const path = fileOf(options);
  assertName(name);
  assertNoToken(name, options.settings);
  const password = isPiped ? await passwordFromStandardInput() : await askNewPassword(printableText(name));
  assertPassword(password);
  const hash = await hashOf(password);
  let wasThere = false;
  let written: Buffer = Buffer.alloc(0);
  await edit(path, (now) => {
    ({ bytes: written, wasThere } = withUser(now, name, hash));
    return written;
  });
  process.stdout.write(`${wasThere ? `changed the password of ${name} in` : `added ${name} to`} ${path}\n`);
  warnOf(path, written);
  if (options.settings.auth.htpasswd === undefined) {
    process.stderr.write(`moorage: a server takes it with auth.htpasswd, e.g. ${variable()}=${path}\n`);
  }
  return 0;
}

export async function removeUser(name: string, options: UserOptions): Promise<number> {
  const path = fileOf(options);
  let wasThere = false;
  let written: Buffer = Buffer.alloc(0);
  await edit(path, (now) => {
    ({ bytes: written, wasThere } = withoutUser(now, name));
    return wasThere ? written : undefined;
  });
  if (!wasThere) {
    process.stderr.write(`moorage: there is no user ${printableText(name)} in ${path}\n`);
    return exitCodes.failure;
  }
  process.stdout.write(`removed ${printableText(name)} from ${path}\n`);
  warnOf(path, written);
  return 0;
}

export function listUsers(json: boolean, options: UserOptions): number {
  const path = fileOf(options);
  const state = new WatchedFile(path, { maxBytes: maxFileBytes }).current();
  if (state.kind === 'unusable') throw new CommandError(`${path}: ${state.reason}`);
  const lines = parseHtpasswd(state.bytes);
  if ('problem' in lines) throw new CommandError(`${path}, ${lines.problem}`);
  const users = namesIn(lines).map((name) => ({ name, groups: groupsOf(name, options.settings) }));
  const { stdout } = process;
  if (json) stdout.write(jsonDocument({ file: path, users }));
  else {
    const rows = users.map(({ name, groups }) => [name, groups.join(', ') || '-']);
    stdout.write(textTable(['USER', 'GROUPS'], rows, { columns: terminalColumns(stdout), flexible: [0, 1] }));
  }
  return 0;
}

/** Of the file that is configured; a broken one is said by whoever uses it. */
export function isUserOf(name: string, { auth: { htpasswd } }: Settings): boolean {
  if (htpasswd === undefined) return false;
  const state = new WatchedFile(htpasswd, { maxBytes: maxFileBytes }).current();
  return state.kind === 'read' && withoutUser(state.bytes, name).wasThere;
}

/** A token of "moorage token create" has the name already: nobody who reads rules or an audit could tell the two. */
function assertNoToken(name: string, { storage: { root } }: Settings): void {
  if (isRobotName(name) && robotDirectoryOf(root).version(name) !== undefined) {
    throw new CommandError(`${name} is the name of a token in ${root}; "moorage token revoke ${name}" ends it`);
  }
}

function namesIn(lines: readonly HtpasswdLine[]): readonly string[] {
  return lines.flatMap((line) => (line.kind === 'user' ? [line.name] : []));
}

function groupsOf(name: string, { auth }: Settings): readonly string[] {
  return [...auth.groups].flatMap(([group, users]) => (users.includes(name) ? [group] : []));
}

function fileOf({ settings, file }: UserOptions): string {
  const path = file ?? settings.auth.htpasswd;
  if (path !== undefined && path.trim() !== '') return path;
  const message = `is missing, and auth.htpasswd (${variable()}) is not set: which file are the users in?`;
  throw new ConfigError([{ origin: '--file', message }]);
}

function variable(): string {
  return settingAt('auth.htpasswd')?.environment ?? '';
}

function assertName(name: string): void {
  const problem = problemOfName(name);
  if (problem !== undefined) throw new ConfigError([{ origin: 'NAME', message: `"${name}" ${problem}` }]);
}

function assertPassword(password: string): void {
  if (password === '') throw new CommandError('the password is empty');
  const bytes = Buffer.byteLength(password);
  if (bytes > maxPasswordBytes) {
    throw new CommandError(`the password has ${bytes} bytes; bcrypt reads no more than ${maxPasswordBytes}`);
  }
  if (/\p{Cc}/u.test(password)) throw new CommandError('the password holds a control character');
}

/** With the prefix of Apache, which knows no other. */
async function hashOf(password: string): Promise<PasswordHash> {
  const { hashSync } = await import('bcryptjs');
  return hashSync(password, usualCost).replace(/^\$2b\$/, '$2y$') as PasswordHash;
}

function edit(path: string, change: (now: Buffer) => Buffer | undefined): Promise<void> {
  return editFile(path, (now) => change(now ?? Buffer.alloc(0)), { maxBytes: maxFileBytes, newMode: 0o600 });
}

/** Lines of others that keep servers from taking the file. */
function warnOf(path: string, written: Buffer): void {
  const lines = parseHtpasswd(written);
  if ('problem' in lines) {
    process.stderr.write(`moorage: no server takes the file before this is mended: ${path}, ${lines.problem}\n`);
  }
}
