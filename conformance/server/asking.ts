// A moorage that asks who comes, in each of the ways in which clients can show it: the official suites must pass in all of them.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import bcrypt from 'bcryptjs';
import { type MoorageProcess, startMoorage } from './moorage-process.ts';

export interface AskingMode {
  readonly title: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Of the suites, beside the name and the password. */
  readonly suite: Readonly<Record<string, string>>;
}

const user = 'conformance';
const password = 'a password';

const pullByAll = [
  { repositories: '**', who: 'anonymous', may: 'pull' },
  { repositories: '**', who: user, may: 'admin' },
];

export const askingModes: readonly AskingMode[] = [
  { title: 'Basic', settings: { MOORAGE_AUTH_SCHEME: 'basic' }, suite: {} },
  { title: 'Bearer, tokens kept', settings: {}, suite: { OCI_CACHE_AUTH: 'true' } },
  { title: 'Bearer, a token for each request', settings: {}, suite: { OCI_CACHE_AUTH: 'false' } },
  { title: 'anonymous pulls', settings: { MOORAGE_ACCESS: JSON.stringify(pullByAll) }, suite: {} },
];

/** On a directory of its own below `directory`. */
export async function startAsking({ title, settings }: AskingMode, directory: string): Promise<MoorageProcess> {
  const root = path.join(directory, title.replaceAll(/\W+/g, '-'));
  await mkdir(root, { recursive: true });
  const users = path.join(directory, 'users');
  await writeFile(users, `${user}:${bcrypt.hashSync(password, 4)}\n`, { mode: 0o600 });
  return startMoorage(root, { MOORAGE_AUTH_HTPASSWD: users, ...settings });
}

/** Variables by which both suites are told who they are. */
export const suiteCredentials: Readonly<Record<string, string>> = { OCI_USERNAME: user, OCI_PASSWORD: password };
