// What somebody waits who asks for a small manifest while others keep the server as busy as it can be: uploads of 1 GiB, tag writers, and a
// repository with a large index that is read, edited, and rewritten by another program.

import { join } from 'node:path';
import type { Job } from '../client/job.ts';
import { digestOf, OCI_MANIFEST } from '../content/image.ts';
import { type Repository, someTags, taggedRepository } from '../content/repository.ts';
import { runJob, runJobBeside } from '../load/client.ts';
import type { StorageForm } from '../servers/contestant.ts';
import { writeRepository } from './tagged-data.ts';
import { removeNewLargeFiles } from './tidy.ts';
import { LOG_DOES_NOT_MATTER, type LoadWorkload, MILLISECONDS, type Plan, type Turn } from './workload.ts';

const asked = 'bench/asked';
const written = 'bench/written';
const large = 'bench/large-index';

const uploadBytes = 2 ** 30;
const askEveryMs = 5;
const rewriteEveryMs = 3_000;
const entries = 100_000;
const unlimited = 1_000_000;

export function manifestGetBeside(plan: Plan): LoadWorkload {
  const began = Date.now();
  const asking = taggedRepository(asked, 100);
  const paths = someTags(asking, 100).map((tag) => `/v2/${asked}/manifests/${tag}`);
  return {
    kind: 'load',
    name: 'manifest-get-beside',
    title: `manifest GET, p99 of a turn, beside 4 uploads of 1 GiB, 64 tag writers, and an index of ${entries.toLocaleString('en')} entries in use`,
    unit: MILLISECONDS,
    plan,
    dataset: {
      key: 'manifest-get-beside',
      write: (form, root) => {
        for (const repository of [asking, taggedRepository(written, 10_000, 100), largeRepository(form)]) {
          writeRepository(form, root, repository, []);
        }
      },
      fill: undefined,
    },
    without: new Map([LOG_DOES_NOT_MATTER, ['node-http', 'takes no uploads'], ['nginx', 'takes no uploads']]),
    needs: undefined,
    check: async (server, { form }) => {
      const paths = [...asking.manifestOf].map(([tag, body]) => ({ path: `/v2/${asked}/manifests/${tag}`, body }));
      for (const { path, body } of paths) {
        const response = await fetch(server.url + path, { headers: { Accept: OCI_MANIFEST } });
        const answer = Buffer.from(await response.arrayBuffer());
        if (digestOf(answer) !== digestOf(body)) throw new Error(`${path}: status ${response.status}, other bytes`);
      }
      // The large index is known to a server that has been running: its first reading is not what is measured.
      const load = { connections: 1, seconds: 30, limit: 1 };
      const tags = someTags(largeRepository(form), 1);
      await runJob({ kind: 'use-tags', port: server.port, load, repository: large, tags, tagPrefix: 'first' });
    },
    turn: async (turn) => {
      const { seconds, server } = turn;
      const others = Promise.all(heavyJobs(turn).map(runJobBeside));
      const load = { connections: 16, seconds, limit: unlimited };
      const job = { kind: 'get-steadily', port: server.port, load, paths, everyMs: askEveryMs } as const;
      const [result] = await Promise.all([runJob(job), others]);
      return result;
    },
    valueOf: (result) => result.p99Ms,
    tidy: (root) => removeNewLargeFiles(root, uploadBytes, began),
  };
}

function heavyJobs({ server, contestant, number, seconds }: Turn): Job[] {
  const { port } = server;
  const tags = someTags(largeRepository(contestant.form), 1_000);
  const uploads = { connections: 4, seconds, limit: 40 };
  const jobs: Job[] = [
    { kind: 'put-blobs', port, load: uploads, repository: 'bench/uploads', blobBytes: uploadBytes },
    {
      kind: 'put-tags',
      port,
      load: { connections: 64, seconds, limit: 100_000 },
      repository: written,
      manifests: 'one',
      tagPrefix: `new-${number}`,
    },
    {
      kind: 'use-tags',
      port,
      load: { connections: 2, seconds, limit: unlimited },
      repository: large,
      tags,
      tagPrefix: `new-${number}`,
    },
  ];
  if (contestant.form !== 'layouts') return jobs;
  const file = join(server.root, large, 'index.json');
  const load = { connections: 1, seconds: seconds - rewriteEveryMs / 1_000, limit: unlimited };
  return [...jobs, { kind: 'rewrite-index', port, load, file, everyMs: rewriteEveryMs }];
}

/** distribution keeps a file a tag: more of them cost it nothing here, but minutes to write them. */
function largeRepository(form: StorageForm): Repository {
  return taggedRepository(large, form === 'layouts' ? entries : entries / 100, 1_000);
}
