// The common part of all small reads: connections of wrk going round over a list of paths whose answers were checked.

import { runWrk } from '../load/wrk.ts';
import type { RunningServer } from '../running-server.ts';
import { type Dataset, type LoadWorkload, type Plan, REQUESTS_PER_SECOND } from './workload.ts';

export interface GetOptions {
  readonly name: string;
  readonly title: string;
  readonly plan: Plan;
  readonly dataset: Dataset;
  readonly without: ReadonlyMap<string, string>;
  readonly paths: readonly string[];
  readonly accept: string;
  readonly connections: number;
  /** Throws unless `body` is the right answer for `path`. */
  checkBody(path: string, body: Buffer): void;
}

export function getWorkload(options: GetOptions): LoadWorkload {
  /** The shortest body each server sent when its answers were checked, by port. */
  const bodyBytes = new Map<number, number>();
  return {
    ...options,
    kind: 'load',
    unit: REQUESTS_PER_SECOND,
    needs: 'wrk',
    check: async (server) => {
      bodyBytes.set(server.port, await checkAnswers(server, options));
    },
    turn: ({ server, seconds, scratch }) => {
      const { paths, accept, connections } = options;
      const load = { port: server.port, paths, accept, seconds, connections };
      return runWrk({ ...load, bodyBytes: bodyBytes.get(server.port) ?? 0 }, scratch);
    },
    valueOf: (result) => result.operations / result.seconds,
    tidy: () => undefined,
  };
}

async function checkAnswers(server: RunningServer, { paths, accept, checkBody }: GetOptions): Promise<number> {
  let shortest = Number.POSITIVE_INFINITY;
  for (const path of paths) {
    const response = await fetch(server.url + path, { headers: { Accept: accept } });
    const body = Buffer.from(await response.arrayBuffer());
    if (response.status !== 200)
      throw new Error(`${path} answered ${response.status}: ${body.toString().slice(0, 200)}`);
    checkBody(path, body);
    shortest = Math.min(shortest, body.length);
  }
  return shortest;
}
