// The programs that render and judge what is in packaging/: where one is missing, its tests are left out and say so, unless CI wants them all.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { clients } from '../documents/bench-of-tools.ts';

const isRequired = process.env.MOORAGE_PACKAGING === 'required';
const runFile = promisify(execFile);

export interface Tool {
  readonly isSkipped: boolean;
  /** For the name of a group of tests. */
  readonly missing: string;
  /** Resolves with standard output; rejects with what it said where it fails. */
  run(args: readonly string[]): Promise<string>;
}

/** `from`: how to get it. */
export function toolOf(name: string, from: string): Tool {
  const directories = [clients, ...(process.env.PATH ?? '').split(delimiter)];
  const path = directories.map((directory) => join(directory, name)).find((each) => existsSync(each));
  return {
    isSkipped: path === undefined && !isRequired,
    missing: path === undefined ? `: there is no ${name} (${from})` : '',
    run: async (args) => {
      if (path === undefined) throw new Error(`there is no ${name} (${from})`);
      return (await runFile(path, args)).stdout;
    },
  };
}
