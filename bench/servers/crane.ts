// crane registry serve: what many a test runs beside it, in Go. Blobs on disk, manifests in memory.

import type { Absent, Contestant } from './contestant.ts';
import { peerBinary } from './peer-binary.ts';

const blobsOnly = /^blob/;

export function crane(clients: string): Contestant | Absent {
  const binary = peerBinary(clients, 'crane', 'crane', 'v0.22.1');
  if ('reason' in binary) return binary;
  return {
    name: 'crane',
    version: binary.version,
    form: 'pushed',
    setup:
      'crane registry serve --disk: manifests in memory, so it has a part in blobs only; never calls fsync: its writes are not durable',
    sitsOut: (workload) => (blobsOnly.test(workload) ? undefined : 'keeps manifests in memory'),
    command: ({ root, port }) => ({
      file: binary.path,
      args: ['registry', 'serve', '--address', `127.0.0.1:${port}`, '--disk', root],
      env: {},
    }),
  };
}
