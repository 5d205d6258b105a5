// Finds files of the checkout, from the compiled runner as well as from its sources.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The absolute path of a file of the project: the nearest directory above this file with a package-lock.json. */
export function projectFile(path: string): string {
  let directory = import.meta.dirname;
  while (!existsSync(join(directory, 'package-lock.json'))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error('the interop runner is not inside a checkout of moorage');
    directory = parent;
  }
  return join(directory, path);
}
