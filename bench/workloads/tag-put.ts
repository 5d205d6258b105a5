// PUT of new tags into a repository that has many: on one manifest, or on a new manifest each; by many connections, or by one.

import { setTimeout as sleep } from 'node:timers/promises';
import type { PutTagsJob } from '../client/job.ts';
import { taggedRepository } from '../content/repository.ts';
import { runJob } from '../load/client.ts';
import type { Contestant } from '../servers/contestant.ts';
import { writeRepository } from './tagged-data.ts';
import { type Dataset, type LoadWorkload, type Plan, REQUESTS_PER_SECOND } from './workload.ts';

const NAMES = ['tag-put', 'tag-put-new', 'tag-put-c1'] as const;
const SETTLE_MS = 5_000;

const TITLES = { one: 'all on one manifest', new: 'each on a new manifest' } as const;

export function tagPut(
  tags: number,
  manifests: PutTagsJob['manifests'],
  connections: number,
  plan: Plan,
): LoadWorkload {
  const name = `${manifests === 'one' ? 'tag-put' : 'tag-put-new'}${connections === 1 ? '-c1' : ''}`;
  let settledAtMs = 0;
  return {
    kind: 'load',
    name,
    title: `PUT of new tags, ${TITLES[manifests]}, into ${tags.toLocaleString('en')} tags, ${connections === 1 ? '1 connection' : `${connections} connections`}`,
    unit: REQUESTS_PER_SECOND,
    plan,
    dataset: manyRepositories(tags),
    without: new Map(),
    needs: undefined,
    check: async ({ port }, contestant) => {
      // The first push into a repository makes the server read it, and moorage looks closely after a file that another program
      // wrote for some seconds: a running server's pushes are measured, not its first ones.
      const load = { connections: 1, seconds: 30, limit: 1 };
      for (let number = 0; number < plan.rounds + plan.warmUps; number++) {
        const repository = repositoryOf(contestant, number, name);
        await runJob({
          kind: 'put-tags',
          port,
          load,
          repository,
          manifests,
          tagPrefix: `first-${name}-${number}`,
        });
      }
      settledAtMs = Date.now() + SETTLE_MS;
    },
    turn: async ({ server, contestant, number, seconds }) => {
      await sleep(Math.max(0, settledAtMs - Date.now()));
      const load = { connections, seconds, limit: 5_000 };
      const repository = repositoryOf(contestant, number, name);
      const tagPrefix = `new-${name}-${number}`;
      return runJob({ kind: 'put-tags', port: server.port, load, repository, manifests, tagPrefix });
    },
    valueOf: (result) => result.operations / result.seconds,
    tidy: () => undefined,
  };
}

/**
 * Layouts get a fresh repository for each turn: else the server that adds the most tags in one round would have the
 * largest index to rewrite in the next. distribution keeps a file a tag and does not care, and has one repository.
 */
function repositoryOf(contestant: Contestant, number: number, workload: string): string {
  return contestant.form === 'layouts' ? `bench/${workload}-${number}` : COMMON;
}

const COMMON = 'bench/put';

/** One dataset for all kinds of pushes, because distribution's tree takes long to write. */
function manyRepositories(tags: number): Dataset {
  return {
    key: 'tag-put',
    write: (form, root, turns) => {
      const numbers = Array.from({ length: turns }, (_, number) => number);
      const names =
        form === 'layouts' ? numbers.flatMap((number) => NAMES.map((name) => `bench/${name}-${number}`)) : [COMMON];
      for (const name of names) writeRepository(form, root, taggedRepository(name, tags), []);
    },
    fill: undefined,
  };
}
