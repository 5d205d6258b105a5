// Where this checkout is, and at which commit: the same from the sources and from build/.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The directory that holds package.json. */
export function projectRoot(): string {
  let directory = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(directory, 'package.json'))) {
    const parent = path.dirname(directory);
    if (parent === directory) throw new Error('package.json not found above this file');
    directory = parent;
  }
  return directory;
}

/** The commit, with "-dirty" when src or package.json differ from it; "unknown" outside a git checkout. */
export async function currentCommit(): Promise<string> {
  const git = async (...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)('git', ['-C', projectRoot(), ...args]);
    return stdout.trim();
  };
  try {
    const commit = await git('rev-parse', 'HEAD');
    const changes = await git('status', '--porcelain', '--', 'src', 'package.json', 'package-lock.json');
    return changes === '' ? commit : `${commit}-dirty`;
  } catch {
    return 'unknown';
  }
}
