// Every workload, in the order in which it is run, with its rounds in the long and in the short form.

import type { ImageEngine } from '../load/image-engine.ts';
import { blobData } from './blob-data.ts';
import { largeBlobGet, smallBlobGet } from './blob-get.ts';
import { largeBlobPut, smallBlobPut } from './blob-put.ts';
import { dockerPull, dockerPush } from './docker-image.ts';
import { imageMix, MIXES } from './image-mix.ts';
import { manifestGet } from './manifest-get.ts';
import { manifestGetBeside } from './manifest-get-beside.ts';
import { mount } from './mount.ts';
import { referrers } from './referrers.ts';
import { start } from './start.ts';
import { tagPut } from './tag-put.ts';
import { taggedData } from './tagged-data.ts';
import { tagsList } from './tags-list.ts';
import type { Plan, Workload } from './workload.ts';

const MEBIBYTE = 2 ** 20;
const FEW_TAGS = 100;

/** Instead of a workload's own in the short form, which is over in minutes and still says which way a ratio goes. */
const SHORT_READS: Plan = { rounds: 3, seconds: 1, warmUps: 0 };
const SHORT_WRITES: Plan = { rounds: 3, seconds: 0.5, warmUps: 0 };
const SHORT_HEAVY: Plan = { rounds: 2, seconds: 0.5, warmUps: 0 };

/** A workload by name, made (with its data in memory) only when it is going to be run. */
interface Listed {
  readonly name: string;
  make(): Workload;
}

export interface Choice {
  /** Parts of names; empty for all. */
  readonly only: readonly string[];
  readonly short: boolean;
  /** Instead of each workload's own number. */
  readonly rounds: number | undefined;
  readonly engine: ImageEngine;
}

export function chooseWorkloads({ only, ...choice }: Choice): Workload[] {
  return listAll(choice)
    .filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)))
    .map((listed) => listed.make());
}

function listAll({ short, rounds, engine }: Omit<Choice, 'only'>): Listed[] {
  const plan = (long: Plan, inShort: Plan): Plan => {
    const chosen = short ? inShort : long;
    return { ...chosen, rounds: rounds ?? chosen.rounds };
  };
  const reads = plan({ rounds: 5, seconds: 2, warmUps: 1 }, SHORT_READS);
  const writes = plan({ rounds: 5, seconds: 2, warmUps: 1 }, SHORT_WRITES);
  // A peer may need more than a second for one answer here: longer turns keep its figure from being a handful of answers.
  const slow = plan({ rounds: 3, seconds: 4, warmUps: 1 }, SHORT_READS);
  const heavy = plan({ rounds: 3, seconds: 2, warmUps: 1 }, SHORT_HEAVY);
  const long = plan({ rounds: 3, seconds: 10, warmUps: 1 }, SHORT_HEAVY);
  // Half a minute each, most of it the engine's own.
  const whole = plan({ rounds: 3, seconds: 0, warmUps: 0 }, SHORT_HEAVY);

  // The short form has less of everything that takes long to prepare; the titles say how much.
  const manyTags = short ? 1_000 : 10_000;
  const huge = short ? 128 * MEBIBYTE : 1024 * MEBIBYTE;
  const repositories = short ? 100 : 1_000;
  const referring = short ? 100 : 1_000;
  const large = 100 * MEBIBYTE;

  const few = once(() => taggedData(FEW_TAGS));
  const many = once(() => taggedData(manyTags));
  const largeBlob = once(() => blobData(1, large));

  return [
    { name: 'manifest-get-few', make: () => manifestGet('few', FEW_TAGS, few(), reads) },
    { name: 'manifest-get-many', make: () => manifestGet('many', manyTags, many(), slow) },
    { name: 'tags-list-few', make: () => tagsList('few', FEW_TAGS, 64, few(), reads) },
    // 16 connections: 64 would wait many seconds for one answer of distribution.
    { name: 'tags-list-many', make: () => tagsList('many', manyTags, 16, many(), slow) },
    { name: 'referrers', make: () => referrers(referring, reads) },
    { name: 'blob-get-4k', make: () => smallBlobGet(blobData(100, 4096), reads) },
    { name: 'blob-get-100m-c1', make: () => largeBlobGet(largeBlob(), large, 1, heavy) },
    { name: 'blob-get-100m-c4', make: () => largeBlobGet(largeBlob(), large, 4, heavy) },
    { name: 'blob-put-1k', make: () => smallBlobPut(writes) },
    { name: 'blob-put-100m-c1', make: () => largeBlobPut(large, 1, heavy) },
    { name: 'blob-put-100m-c4', make: () => largeBlobPut(large, 4, heavy) },
    { name: 'tag-put', make: () => tagPut(manyTags, 'one', 64, writes) },
    { name: 'tag-put-new', make: () => tagPut(manyTags, 'new', 64, writes) },
    { name: 'tag-put-c1', make: () => tagPut(manyTags, 'one', 1, writes) },
    ...MIXES.map((mix) => ({ name: `mix-${mix}`, make: () => imageMix(mix, heavy) })),
    { name: 'docker-push', make: () => dockerPush(engine, whole) },
    { name: 'docker-pull', make: () => dockerPull(engine, whole) },
    { name: 'mount', make: () => mount(blobData(1, huge), huge, heavy) },
    { name: 'start', make: () => start(repositories, writes) },
    // Nothing of it could be made smaller without becoming another question.
    ...(short ? [] : [{ name: 'manifest-get-beside', make: () => manifestGetBeside(long) }]),
  ];
}

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
