// `docker push` and `docker pull` of a whole image by a real engine: what a user waits for, with all that the engine does itself.

import type { ImageEngine } from '../load/image-engine.ts';
import type { LoadResult } from '../load/load-result.ts';
import {
  type FreshWorkload,
  LOG_DOES_NOT_MATTER,
  type LoadWorkload,
  MILLISECONDS,
  NO_REGISTRIES,
  type Plan,
} from './workload.ts';

export function dockerPush(engine: ImageEngine, plan: Plan): FreshWorkload {
  return {
    kind: 'fresh',
    name: 'docker-push',
    title: `docker push of ${imageOf(engine)} to a registry without content`,
    unit: MILLISECONDS,
    plan,
    // A server without content in each turn: the engine asks for what it knows, and pushes only what is not there.
    dataset: { key: 'docker-push', write: () => undefined, fill: undefined },
    without: new Map([LOG_DOES_NOT_MATTER, ...NO_REGISTRIES]),
    needs: 'docker',
    turn: async ({ port }) => once(await engine.push(`127.0.0.1:${port}`)),
  };
}

export function dockerPull(engine: ImageEngine, plan: Plan): LoadWorkload {
  return {
    kind: 'load',
    name: 'docker-pull',
    title: `docker pull of ${imageOf(engine)} by an engine without its layers`,
    unit: MILLISECONDS,
    plan,
    dataset: {
      key: 'docker-pull',
      write: () => undefined,
      fill: async (url) => {
        await engine.push(new URL(url).host);
      },
    },
    without: new Map([LOG_DOES_NOT_MATTER, ...NO_REGISTRIES]),
    needs: 'docker',
    check: async () => undefined,
    turn: async ({ server }) => once(await engine.pull(`127.0.0.1:${server.port}`)),
    valueOf: (result) => result.p50Ms,
    tidy: () => undefined,
  };
}

function imageOf({ layers, layerBytes }: ImageEngine): string {
  return `an image of ${(layers * layerBytes) / 2 ** 20} MiB in ${layers} layers`;
}

function once(ms: number): LoadResult {
  return { operations: 1, seconds: ms / 1000, p50Ms: ms, p99Ms: ms, maxMs: ms };
}
