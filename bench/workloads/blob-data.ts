// A repository with some blobs of one size, pushed over HTTP so that every server has taken them in by itself.

import { writeAnswers } from '../content/answers.ts';
import { digestOf, IMAGE_BLOBS, layerDescriptor, manifestOver } from '../content/image.ts';
import { pushBlob, pushManifest } from '../content/push.ts';
import { randomBytesOf } from '../content/random-bytes.ts';
import { ROOT_ANSWER } from './tagged-data.ts';
import type { Dataset } from './workload.ts';

export interface BlobData {
  readonly dataset: Dataset;
  readonly repository: string;
  readonly digests: readonly string[];
  readonly paths: readonly string[];
}

/** `count` blobs of `size` bytes each. Large ones are made again whenever they are needed and never kept. */
export function blobData(count: number, size: number): BlobData {
  const repository = `bench/blobs-${size}`;
  const serials = Array.from({ length: count }, (_, serial) => serial);
  const digests = serials.map((serial) => digestOf(randomBytesOf(serial, size)));
  const paths = digests.map((digest) => `/v2/${repository}/blobs/${digest}`);
  const dataset: Dataset = {
    key: `blobs-${size}`,
    write: (form, root) => {
      if (form !== 'answers') return;
      const answers = serials.map((serial) => ({
        path: paths[serial] ?? '',
        contentType: 'application/octet-stream',
        digest: digests[serial] ?? '',
        body: randomBytesOf(serial, size),
      }));
      writeAnswers(root, [...answers, ROOT_ANSWER]);
    },
    fill: async (url) => {
      for (const serial of serials) await pushBlob(url, repository, randomBytesOf(serial, size));
      // olareg forgets a repository without any manifest when it is restarted.
      for (const blob of IMAGE_BLOBS) await pushBlob(url, repository, blob);
      const layers = digests.map((digest) => layerDescriptor(digest, size));
      await pushManifest(url, repository, 'latest', manifestOver(layers));
    },
  };
  return { dataset, repository, digests, paths };
}
