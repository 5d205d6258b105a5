// Which registry a directory or a repository belongs to: its journal, pool and locks lie in the registry's own directory, not in layouts.

import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { ownDirectory } from '../storage/own-names.ts';

export interface JournalPlace {
  /** The directory of the registry. */
  readonly root: string;
  /** The repository in it, or what its name begins with; '' for all. */
  readonly within: string;
}

/** Of a path that is there: it lies in the nearest registry around it, or is one by itself. */
export function journalPlace(written: string): JournalPlace {
  const path = resolve(written);
  for (let directory = path; ; directory = dirname(directory)) {
    if (existsSync(join(directory, ownDirectory))) {
      return { root: directory, within: relative(directory, path).split(sep).join('/') };
    }
    if (directory === dirname(directory)) return { root: written, within: '' };
  }
}
