// GET of the referrers of one subject that has 1,000 of them, pushed one by one over HTTP beforehand.

import { writeAnswers } from '../content/answers.ts';
import { descriptorOf, imageManifest, OCI_INDEX, OCI_MANIFEST, REFERRER_BLOBS, referrer } from '../content/image.ts';
import { writeLayout } from '../content/layout-tree.ts';
import { pushBlob, pushManifest } from '../content/push.ts';
import { taggedRepository } from '../content/repository.ts';
import { getWorkload } from './get-workload.ts';
import { ROOT_ANSWER } from './tagged-data.ts';
import type { LoadWorkload, Plan } from './workload.ts';

const REPOSITORY = 'bench/referrers';

export function referrers(count: number, plan: Plan): LoadWorkload {
  const subject = descriptorOf(OCI_MANIFEST, imageManifest(`${REPOSITORY}:v000000`));
  const all = Array.from({ length: count }, (_, serial) => referrer(subject, serial));
  const path = `/v2/${REPOSITORY}/referrers/${subject.digest}`;
  const list = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: all.map(({ descriptor }) => descriptor) };

  return getWorkload({
    name: 'referrers',
    title: `referrers of a subject with ${count.toLocaleString('en')}, 64 connections`,
    plan,
    without: new Map([['distribution', 'has no referrers API']]),
    paths: [path],
    accept: OCI_INDEX,
    connections: 64,
    checkBody: (_, body) => {
      const answered = JSON.parse(body.toString()) as { manifests: unknown[] };
      if (answered.manifests.length !== count)
        throw new Error(`${answered.manifests.length} of ${count} referrers listed`);
    },
    dataset: {
      key: 'referrers',
      write: (form, root) => {
        if (form === 'layouts') writeLayout(root, taggedRepository(REPOSITORY, 1));
        const body = Buffer.from(JSON.stringify(list));
        if (form === 'answers') writeAnswers(root, [{ path, contentType: OCI_INDEX, digest: '', body }, ROOT_ANSWER]);
      },
      fill: async (url) => {
        for (const blob of REFERRER_BLOBS) await pushBlob(url, REPOSITORY, blob);
        // One after the other: of 1,000 referrers pushed by 16 at once, olareg v0.2.2 listed 133 afterwards.
        for (const { manifest, descriptor } of all) await pushManifest(url, REPOSITORY, descriptor.digest, manifest);
      },
    },
  });
}
