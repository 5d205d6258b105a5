// distribution: the reference registry, in Go, with its own tree of link files.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Absent, type Contestant, neverSitsOut, type Place } from './contestant.ts';
import { peerBinary } from './peer-binary.ts';

function configuration({ root, port }: Place): string {
  return `version: 0.1
log:
  level: error
  accesslog:
    disabled: true
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: ${JSON.stringify(root)}
  maintenance:
    uploadpurging:
      enabled: false
http:
  addr: 127.0.0.1:${port}
  secret: bench
`;
}

export function distribution(clients: string): Contestant | Absent {
  const binary = peerBinary(clients, 'distribution', 'registry', 'v3.1.2');
  if ('reason' in binary) return binary;
  return {
    name: 'distribution',
    version: binary.version,
    form: 'distribution',
    setup: 'filesystem driver, in-memory blob descriptor cache, access log and tracing off; durable writes (fsync)',
    sitsOut: neverSitsOut,
    command: (place) => {
      const file = join(place.scratch, 'distribution.yml');
      writeFileSync(file, configuration(place));
      // Tracing is on by default and would try to reach a collector for every batch of spans.
      return { file: binary.path, args: ['serve', file], env: { OTEL_TRACES_EXPORTER: 'none' } };
    },
  };
}
