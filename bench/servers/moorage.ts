// moorage itself, from this checkout's dist/, with its request log off or on.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Absent, type Contestant, neverSitsOut } from './contestant.ts';

const noteTurns = new URL('../turns/note-turns.js', import.meta.url).href;

/** `nodeArguments` go to node before the program, e.g. --cpu-prof, so that a slow workload can be looked into. */
export function moorage(checkout: string, requestLog: boolean, nodeArguments: readonly string[]): Contestant | Absent {
  const name = requestLog ? 'moorage-log' : 'moorage';
  const main = join(checkout, 'dist', 'main.js');
  if (!existsSync(main)) return { name, reason: 'dist/main.js is missing: run `npm run build`' };
  const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { version: string };
  return {
    name,
    version: `${version} (Node ${process.versions.node})`,
    form: 'layouts',
    setup: `one process, request log ${requestLog ? 'on, written to a file as JSON' : 'off'}; durable writes (fsync)`,
    sitsOut: neverSitsOut,
    command: ({ root, port }) => ({
      file: process.execPath,
      args: ['--import', noteTurns, ...nodeArguments, main, 'serve', '--root', root, '--listen', `127.0.0.1:${port}`],
      env: { MOORAGE_LOG_REQUESTS: String(requestLog) },
    }),
  };
}
