// zot: a registry on image layouts, in Go, with a database beside them. Its current release is no module that can be built from its path alone,
// so a binary is named: --zot PATH.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Absent, Contestant, Place } from './contestant.ts';

function configuration({ root, port }: Place): string {
  return JSON.stringify({
    distSpecVersion: '1.1.1',
    storage: { rootDirectory: root, gc: false, dedupe: true, commit: true },
    http: { address: '127.0.0.1', port: String(port) },
    log: { level: 'error' },
  });
}

/** `path`: of its binary; undefined when none was named. */
export function zot(path: string | undefined): Contestant | Absent {
  if (path === undefined) return { name: 'zot', reason: 'no binary was named: --zot PATH' };
  const { stdout, stderr, status } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  if (status !== 0) return { name: 'zot', reason: `${path} --version does not work` };
  const [version = 'of unknown version'] = /v?\d+\.\d+\.\d+\S*/.exec(`${stdout}${stderr}`) ?? [];
  return {
    name: 'zot',
    version,
    form: 'layouts',
    setup: 'dedupe on, garbage collection off, log level error; storage.commit on: durable writes (fsync)',
    // `docker2s2`, which lets it take what Docker's engine pushes, is of 2.1 and later.
    sitsOut: (workload) => (workload.startsWith('docker') ? 'takes OCI manifests only' : undefined),
    command: (place) => {
      const file = join(place.scratch, 'zot.json');
      writeFileSync(file, configuration(place));
      return { file: path, args: ['serve', file], env: {} };
    },
  };
}
