// moorage itself, from this checkout's dist/, with its request log off or on.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Absent, type Contestant, neverSitsOut } from './contestant.ts';

const noteTurns = new URL('../turns/note-turns.js', import.meta.url).href;

export interface MoorageOptions {
  readonly name: string;
  /** Compiled: its dist/ is what is run. */
  readonly checkout: string;
  readonly requestLog: boolean;
  /** Which Node runs it. */
  readonly node: string;
  /** Go to node before the program, e.g. --cpu-prof, so that a slow workload can be looked into. */
  readonly nodeArguments: readonly string[];
}

export function moorage({ name, checkout, requestLog, node, nodeArguments }: MoorageOptions): Contestant | Absent {
  const main = join(checkout, 'dist', 'main.js');
  if (!existsSync(main)) return { name, reason: 'dist/main.js is missing: run `npm run build`' };
  const nodeVersion = versionOf(node);
  if (nodeVersion === undefined) return { name, reason: `${node} --version does not work` };
  const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { version: string };
  return {
    name,
    version: `${version} (Node ${nodeVersion})`,
    form: 'layouts',
    setup: `a process for each core, request log ${requestLog ? 'on, written to a file as JSON' : 'off'}; durable writes (fsync)`,
    sitsOut: neverSitsOut,
    command: ({ root, port }) => ({
      file: node,
      args: ['--import', noteTurns, ...nodeArguments, main, 'serve', '--root', root, '--listen', `127.0.0.1:${port}`],
      // Also of another checkout, whose default may be another one.
      env: { MOORAGE_LOG_REQUESTS: String(requestLog), MOORAGE_SERVER_WORKERS: 'auto' },
    }),
  };
}

/** Without the v; undefined for what is no Node. */
export function versionOf(node: string): string | undefined {
  const { stdout, status } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  return status === 0 ? /^v(\d+\.\S+)/.exec(stdout)?.[1] : undefined;
}

/** How it is called where another Node than the benchmark's own runs it. */
export function nameOn(node: string): string {
  return `moorage-node${versionOf(node)?.split('.')[0] ?? ''}`;
}
