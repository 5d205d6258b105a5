// POST + PUT of blobs nobody has seen before.

import { runJob } from '../load/client.ts';
import { removeNewLargeFiles } from './tidy.ts';
import {
  type Dataset,
  LOG_DOES_NOT_MATTER,
  type LoadWorkload,
  MEGABYTES_PER_SECOND,
  type Plan,
  REQUESTS_PER_SECOND,
} from './workload.ts';

/** The repository comes into being with the first push. */
function emptyRoot(key: string): Dataset {
  return { key, write: () => undefined, fill: undefined };
}

export function smallBlobPut(plan: Plan): LoadWorkload {
  return {
    kind: 'load',
    name: 'blob-put-1k',
    title: 'blob PUT 1 KiB (POST and PUT; one operation is both), 16 connections',
    unit: REQUESTS_PER_SECOND,
    plan,
    dataset: emptyRoot('blob-put-1k'),
    without: new Map(),
    needs: undefined,
    check: async () => undefined,
    turn: ({ server, seconds }) => {
      const load = { connections: 16, seconds, limit: 30_000 };
      return runJob({ kind: 'put-blobs', port: server.port, load, repository: 'bench/small', blobBytes: 1024 });
    },
    valueOf: (result) => result.operations / result.seconds,
    tidy: () => undefined,
  };
}

export function largeBlobPut(blobBytes: number, connections: number, plan: Plan): LoadWorkload {
  const began = Date.now();
  return {
    kind: 'load',
    name: `blob-put-100m-c${connections}`,
    title: `blob PUT ${blobBytes / 2 ** 20} MiB (POST and PUT), ${connections} at once`,
    unit: MEGABYTES_PER_SECOND,
    plan,
    dataset: emptyRoot(`blob-put-100m-c${connections}`),
    without: new Map([LOG_DOES_NOT_MATTER]),
    needs: undefined,
    check: async () => undefined,
    turn: ({ server, seconds }) => {
      // Bounded in number too, so that a fast server does not fill the disk.
      const load = { connections, seconds, limit: 4 * connections };
      return runJob({ kind: 'put-blobs', port: server.port, load, repository: 'bench/large', blobBytes });
    },
    valueOf: (result) => (result.operations * blobBytes) / result.seconds / 1e6,
    tidy: (root) => removeNewLargeFiles(root, blobBytes, began),
  };
}
