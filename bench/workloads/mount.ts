// Mount of one large blob into repositories that do not exist yet, one after the other.

import { runJob } from '../load/client.ts';
import type { BlobData } from './blob-data.ts';
import { removeNewLargeFiles } from './tidy.ts';
import { LOG_DOES_NOT_MATTER, type LoadWorkload, MILLISECONDS, type Plan } from './workload.ts';

export function mount(data: BlobData, blobBytes: number, plan: Plan): LoadWorkload {
  const [digest = ''] = data.digests;
  let began = Number.POSITIVE_INFINITY;
  return {
    kind: 'load',
    name: 'mount',
    title: `mount of a ${blobBytes / 2 ** 20} MiB blob from another repository, 1 connection, median of a turn`,
    unit: MILLISECONDS,
    plan,
    dataset: data.dataset,
    without: new Map([LOG_DOES_NOT_MATTER]),
    needs: undefined,
    check: async () => {
      // What is large and newer than this is a copy made by a mount; the blob itself was pushed before.
      began = Math.min(began, Date.now());
    },
    turn: ({ server, seconds, number }) => {
      const load = { connections: 1, seconds, limit: 50 };
      const intoPrefix = `mounted/into-${number}`;
      return runJob({ kind: 'mount', port: server.port, load, from: data.repository, digest, intoPrefix });
    },
    valueOf: (result) => result.p50Ms,
    tidy: (root) => removeNewLargeFiles(root, blobBytes, began),
  };
}
