// nginx with sendfile: no registry, but the bound of what a machine gives away of its files.

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readAnswers } from '../content/answers.ts';
import { type Absent, type Contestant, type Place, sitsOutWrites } from './contestant.ts';

function configuration({ scratch, port }: Place): string {
  // A worker of root's is another user otherwise, who may not read the directory for temporary files.
  const user = process.getuid?.() === 0 ? 'user root root; ' : '';
  return `${user}daemon off; worker_processes 1; pid ${scratch}/nginx.pid; error_log ${scratch}/nginx-error.log crit;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; open_file_cache max=10000; keepalive_requests 100000000; default_type application/octet-stream;
  client_body_temp_path ${scratch}/body; proxy_temp_path ${scratch}/proxy; fastcgi_temp_path ${scratch}/fastcgi;
  uwsgi_temp_path ${scratch}/uwsgi; scgi_temp_path ${scratch}/scgi;
  server {
    listen 127.0.0.1:${port};
    root ${scratch}/served;
    location = /v2/ { return 200 '{}'; }
  }
}
`;
}

/** One file for each answer, where its path says. */
function writeFiles({ root, scratch }: Place): void {
  for (const { path, body } of readAnswers(root)) {
    if (path.endsWith('/')) continue;
    const file = join(scratch, 'served', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, body);
  }
}

export function nginx(): Contestant | Absent {
  const { status, stderr } = spawnSync('nginx', ['-v'], { encoding: 'utf8' });
  if (status !== 0) return { name: 'nginx', reason: 'not installed (Debian package nginx-light)' };
  return {
    name: 'nginx',
    version: /nginx\/(\S+)/.exec(stderr)?.[1] ?? '',
    form: 'answers',
    setup: 'one worker, the same bytes as files, sendfile and open_file_cache; no registry, only a bound; reads only',
    sitsOut: sitsOutWrites,
    command: (place) => {
      writeFiles(place);
      const file = join(place.scratch, 'nginx.conf');
      writeFileSync(file, configuration(place));
      return { file: 'nginx', args: ['-c', file, '-e', join(place.scratch, 'nginx-start.log')], env: {} };
    },
  };
}
