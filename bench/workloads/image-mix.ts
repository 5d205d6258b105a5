// Whole images of mixed sizes, in the shares of zot's benchmark (zb): pulled, pushed, and both at once.

import type { ImageStep, PullStep } from '../client/job.ts';
import { digestOf, IMAGE_BLOBS, layerDescriptor, manifestOver } from '../content/image.ts';
import { pushBlob, pushManifest } from '../content/push.ts';
import { randomBytesOf } from '../content/random-bytes.ts';
import { runJob } from '../load/client.ts';
import { removeNewLargeFiles } from './tidy.ts';
import {
  type Dataset,
  LOG_DOES_NOT_MATTER,
  type LoadWorkload,
  MEGABYTES_PER_SECOND,
  NO_REGISTRIES,
  type Plan,
} from './workload.ts';

const MEBIBYTE = 2 ** 20;
const PULLED = 'bench/pulled';
/** As zot's own CI runs it. */
const CONNECTIONS = 10;
const OPERATIONS = 100;

export const MIXES = ['pull', 'push', 'patch', 'both'] as const;

export type Mix = (typeof MIXES)[number];

const TITLES: Readonly<Record<Mix, string>> = {
  pull: 'pulls of images of 1, 10 and 100 MiB (20, 70 and 10 %)',
  push: 'pushes of images of 1, 10 and 100 MiB (20, 70 and 10 %), POST and PUT',
  patch: 'pushes of images of 1, 10 and 100 MiB (a third each), POST, PATCH and PUT',
  both: 'images of 1 MiB, 75 % pulled and 25 % pushed',
};

/** In an order that spreads the sizes: the same for every server, so that no throw of dice decides who gets the large ones. */
function stepsOf(mix: Mix): ImageStep[] {
  const push = (mebibytes: number): ImageStep => ({ kind: 'push', layerBytes: mebibytes * MEBIBYTE });
  const spread = [10, 1, 10, 10, 100, 10, 1, 10, 10, 10];
  switch (mix) {
    case 'pull':
      return spread.map(pullStep);
    case 'push':
      return spread.map(push);
    case 'patch':
      return [1, 10, 100].map((mebibytes) => ({ kind: 'patch', layerBytes: mebibytes * MEBIBYTE }));
    case 'both':
      return [pullStep(1), pullStep(1), push(1), pullStep(1)];
  }
}

export function imageMix(mix: Mix, plan: Plan): LoadWorkload {
  const steps = stepsOf(mix);
  let began = Number.POSITIVE_INFINITY;
  return {
    kind: 'load',
    name: `mix-${mix}`,
    title: `${TITLES[mix]}, ${CONNECTIONS} connections`,
    unit: MEGABYTES_PER_SECOND,
    plan,
    dataset: pulledImages(),
    without: new Map([LOG_DOES_NOT_MATTER, ...NO_REGISTRIES]),
    needs: undefined,
    check: async () => {
      // What is large and newer than this was pushed by a turn.
      began = Math.min(began, Date.now());
    },
    turn: ({ server, seconds, number }) => {
      const load = { connections: CONNECTIONS, seconds, limit: OPERATIONS };
      const into = `mix-${mix}/n${number}`;
      return runJob({ kind: 'images', port: server.port, load, steps, from: PULLED, intoPrefix: into });
    },
    valueOf: ({ operations, seconds }) => bytesOf(steps, operations) / seconds / 1e6,
    tidy: (root) => removeNewLargeFiles(root, MEBIBYTE, began),
  };
}

/** Of so many operations, going round over the steps. */
function bytesOf(steps: readonly ImageStep[], operations: number): number {
  let bytes = 0;
  for (let index = 0; index < operations; index++) bytes += steps[index % steps.length]?.layerBytes ?? 0;
  return bytes;
}

function pulledLayer(mebibytes: number): Buffer {
  return randomBytesOf(mebibytes, mebibytes * MEBIBYTE);
}

function pullStep(mebibytes: number): PullStep {
  const layer = pulledLayer(mebibytes);
  return { kind: 'pull', tag: `v${mebibytes}`, layerDigest: digestOf(layer), layerBytes: layer.length };
}

/** Shared by all mixes: none changes what another one pulls. */
function pulledImages(): Dataset {
  return {
    key: 'mix',
    write: () => undefined,
    fill: async (url) => {
      for (const blob of IMAGE_BLOBS) await pushBlob(url, PULLED, blob);
      for (const mebibytes of [1, 10, 100]) {
        const layer = pulledLayer(mebibytes);
        const digest = await pushBlob(url, PULLED, layer);
        await pushManifest(url, PULLED, `v${mebibytes}`, manifestOver([layerDescriptor(digest, layer.length)]));
      }
    },
  };
}
