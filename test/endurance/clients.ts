// The real programs that write beside us, as install-clients.sh and Debian put them there.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const limitMs = 120_000;

/** Undefined where it is not installed. */
export function clientPath(name: string): string | undefined {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const directories = [join(cache, 'moorage-clients'), ...(process.env.PATH ?? '').split(delimiter)];
  return directories.map((directory) => join(directory, name)).find(existsSync);
}

/** False when the program refused: two writers of one file see half of it now and then, and say so. */
export async function runClient(path: string, args: readonly string[], directory: string): Promise<boolean> {
  try {
    await run(path, args, { cwd: directory, timeout: limitMs, maxBuffer: 1 << 24 });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'number') return false;
    throw error;
  }
}
