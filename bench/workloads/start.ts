// Start of a server whose root holds many repositories: from the spawn to the first 200 for a manifest in one of them.

import { digestOf, OCI_MANIFEST } from '../content/image.ts';
import { taggedRepository, tagName } from '../content/repository.ts';
import { writeRepository } from './tagged-data.ts';
import { LOG_DOES_NOT_MATTER, MILLISECONDS, type Plan, type StartWorkload } from './workload.ts';

const TAGS = 10;

export function start(repositories: number, plan: Plan): StartWorkload {
  const asked = taggedRepository(repositoryName(repositories - 1), TAGS);
  const path = `/v2/${asked.name}/manifests/${tagName(0)}`;
  const body = asked.manifestOf.get(tagName(0)) ?? Buffer.alloc(0);
  const answer = { path, contentType: OCI_MANIFEST, digest: digestOf(body), body };
  return {
    kind: 'start',
    name: 'start',
    title: `start with ${repositories.toLocaleString('en')} repositories of ${TAGS} tags: from the spawn to the first manifest`,
    unit: MILLISECONDS,
    plan,
    path,
    needs: undefined,
    without: new Map([LOG_DOES_NOT_MATTER]),
    dataset: {
      key: 'start',
      write: (form, root) => {
        // The server that keeps answers has one, of one repository: it is the bound of starting Node at all.
        const first = form === 'answers' ? repositories - 1 : 0;
        for (let number = first; number < repositories; number++) {
          writeRepository(form, root, taggedRepository(repositoryName(number), TAGS), [answer]);
        }
      },
      fill: undefined,
    },
  };
}

function repositoryName(number: number): string {
  return `team-${number % 20}/project-${String(number).padStart(4, '0')}`;
}
