// The peers' binaries, as test/interop/install-clients.sh builds them from pinned modules, each with a stamp beside it.

import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Absent } from './contestant.ts';

export interface PeerBinary {
  readonly path: string;
  /** The release and the Go it was built with, e.g. "v0.2.2 (go1.26.8)". */
  readonly version: string;
}

/** Finds one peer's binary and insists on the pinned release: figures of another one would not be comparable. */
export function peerBinary(clients: string, name: string, file: string, release: string): PeerBinary | Absent {
  const path = join(clients, file);
  const how = 'build it with test/interop/install-clients.sh --bench';
  if (!isExecutable(path)) return { name, reason: `no executable ${file}: ${how}` };
  const stamp = readStamp(join(clients, `.${file}.stamp`));
  const [, built = '', go = 'unknown Go'] = /@(\S+)\s+(\S+)/.exec(stamp) ?? [];
  if (built !== release) return { name, reason: `${file} is ${built || 'of unknown version'}, not ${release}: ${how}` };
  return { path, version: `${release} (${go})` };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function readStamp(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
