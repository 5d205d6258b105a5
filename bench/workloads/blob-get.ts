// GET of blobs: small ones with wrk, large ones with the load client, whose one buffer takes them out of the kernel.

import { digestOf } from '../content/image.ts';
import { runJob } from '../load/client.ts';
import type { BlobData } from './blob-data.ts';
import { getWorkload } from './get-workload.ts';
import { LOG_DOES_NOT_MATTER, type LoadWorkload, MEGABYTES_PER_SECOND, type Plan } from './workload.ts';

export function smallBlobGet(data: BlobData, plan: Plan): LoadWorkload {
  return getWorkload({
    name: 'blob-get-4k',
    title: 'blob GET 4 KiB, 64 connections',
    plan,
    dataset: data.dataset,
    without: new Map(),
    paths: data.paths,
    accept: '*/*',
    connections: 64,
    checkBody: (path, body) => {
      if (!path.endsWith(digestOf(body))) throw new Error(`${path}: bytes of another digest`);
    },
  });
}

export function largeBlobGet(data: BlobData, blobBytes: number, connections: number, plan: Plan): LoadWorkload {
  const [path = ''] = data.paths;
  return {
    kind: 'load',
    name: `blob-get-100m-c${connections}`,
    title: `blob GET ${blobBytes / 2 ** 20} MiB, ${connections} at once`,
    unit: MEGABYTES_PER_SECOND,
    plan,
    dataset: data.dataset,
    without: new Map([LOG_DOES_NOT_MATTER]),
    needs: undefined,
    check: async (server) => {
      const response = await fetch(server.url + path);
      const body = Buffer.from(await response.arrayBuffer());
      if (!path.endsWith(digestOf(body)))
        throw new Error(`${path}: status ${response.status}, bytes of another digest`);
    },
    turn: ({ server, seconds }) => {
      const load = { connections, seconds, limit: 1000 };
      return runJob({ kind: 'get-blob', port: server.port, load, path, blobBytes });
    },
    valueOf: (result) => (result.operations * blobBytes) / result.seconds / 1e6,
    tidy: () => undefined,
  };
}
