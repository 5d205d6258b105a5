// olareg: the closest peer, OCI layouts like ours, in Go.

import { type Absent, type Contestant, neverSitsOut } from './contestant.ts';
import { peerBinary } from './peer-binary.ts';

export function olareg(clients: string): Contestant | Absent {
  const binary = peerBinary(clients, 'olareg', 'olareg', 'v0.2.2');
  if ('reason' in binary) return binary;
  return {
    name: 'olareg',
    version: binary.version,
    form: 'layouts',
    setup:
      'dir store, log level warn (no request log), garbage collection off; never calls fsync: its writes are not durable',
    sitsOut: neverSitsOut,
    command: ({ root, port }) => ({
      file: binary.path,
      args: [
        'serve',
        '--addr',
        '127.0.0.1',
        '--port',
        String(port),
        '--dir',
        root,
        '--gc-frequency',
        '-1s',
        '-v',
        'warn',
      ],
      env: {},
    }),
  };
}
