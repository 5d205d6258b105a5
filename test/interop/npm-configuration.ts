// npm's configuration of this machine as one file, to be given to an image build as a secret: never printed, and removed
// with the scratch directory, so that neither the repository nor the image says where packages come from.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import type { Machine } from './machine.ts';

/** What the environment of `npm run` or a command line may have set on top of the files. */
const networkKeys = ['registry', 'proxy', 'https-proxy', 'noproxy', 'strict-ssl'];
/** Paths that mean nothing inside the image. */
const localKeys = /^\s*(prefix|cache|cafile|nodedir|globalconfig|userconfig|tmp)\s*=/;

/** Writes the configuration, with the certificates at `certificates`; answers the file's path. */
export async function writeNpmSecret(machine: Machine, certificates: string): Promise<string> {
  const env = { ...definedEnvironment(), NO_UPDATE_NOTIFIER: '1' };
  const get = async (key: string) => (await runCommand('npm', ['config', 'get', key], { env })).stdout.trim();
  const lines: string[] = [];
  for (const file of [await get('globalconfig'), await get('userconfig')]) {
    const text = await readFile(file, 'utf8').catch(() => '');
    lines.push(...text.split('\n').filter((line) => !localKeys.test(line)));
  }
  for (const key of networkKeys) {
    const value = await get(key);
    if (value !== '' && value !== 'null' && value !== 'undefined') lines.push(`${key}=${value}`);
  }
  lines.push(`cafile=${certificates}`, '');
  const path = join(machine.scratch, 'npmrc');
  await writeFile(path, lines.join('\n'), { mode: 0o600 });
  return path;
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
