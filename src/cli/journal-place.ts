// Which registry's journal tells about a directory or a repository: journals lie in the registry's own directory, not in its layouts.

import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { ownDirectory } from '../storage/own-names.ts';

export interface JournalPlace {
  /** The directory of the registry. */
  readonly root: string;
  /** The repository in it, or what its name begins with; '' for all. */
  readonly within: string;
}

/** A path that is there lies in the nearest registry around it; whatever else is written is the name of a repository of `root`. */
export function journalPlace(argument: string, root: string): JournalPlace {
  if (!existsSync(argument)) return { root, within: argument };
  const path = resolve(argument);
  for (let directory = path; ; directory = dirname(directory)) {
    if (existsSync(join(directory, ownDirectory))) {
      return { root: directory, within: relative(directory, path).split(sep).join('/') };
    }
    if (directory === dirname(directory)) return { root: argument, within: '' };
  }
}
