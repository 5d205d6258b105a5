// Runs what clients do on a simulated disk, cuts the power at every moment, and looks at everything that may be left.

import type { LayoutRules } from '../../src/registry/layout-rules.ts';
import type { DiskEvent } from '../support/simulated-disk/disk-image.ts';
import { type Acknowledged, nothing, type Operation } from '../support/simulated-disk/operations.ts';
import { startOn } from '../support/simulated-disk/registry-on-disk.ts';
import { SimulatedDisk } from '../support/simulated-disk/simulated-disk.ts';
import { CrashStates, randomFrom, signatureOf } from './crash-states.ts';
import { violationIn } from './verify-recovery.ts';

const startedAtMs = 1_750_000_000_000;
/** A push takes longer than all the rest. */
const pushesEvery = 10;

export interface Exploration {
  /** Different states of the disk that were looked at. */
  readonly states: number;
  /** Moments of which only a sample was looked at. */
  readonly sampled: number;
  readonly violation: string | undefined;
}

/** What is recorded. */
export interface Recording {
  readonly operations: readonly Operation[];
  readonly doesSync?: () => boolean;
  readonly rules?: Partial<LayoutRules>;
  /** The file system exchanges names: default none, which is the more that a power cut may show. */
  readonly exchanges?: boolean;
}

export interface ExploreOptions extends Recording {
  /** Of states at one moment: with fewer possible ones, all are looked at. */
  readonly limit: number;
  readonly seed?: number;
  /** Only the moments between two requests are looked at. */
  readonly onlyBetween?: boolean;
}

interface Answer {
  readonly operation: Operation;
  readonly answered: boolean;
}

/** Ends with the first violation. */
export async function explore(options: ExploreOptions): Promise<Exploration> {
  const { operations, limit, seed = 1, rules, onlyBetween = false } = options;
  const events = await recorded(options);
  // What a killed collection took is put back by the next start.
  const collects = operations.some((operation) => operation.name === 'collect');
  const states = new CrashStates();
  const seen = new Set<string>();
  const random = randomFrom(seed);
  let acknowledged: Acknowledged = nothing;
  let underWay: Operation | undefined;
  for (const [at, event] of events.entries()) {
    // Between two syncs, what may be left only becomes more.
    const next = events[at + 1];
    if (event.kind === 'note') {
      const { operation, answered } = event.note as Answer;
      if (answered) acknowledged = operation.after(acknowledged);
      underWay = answered ? undefined : operation;
    } else states.apply(event);
    if (next !== undefined && next.kind !== 'sync' && next.kind !== 'note') continue;
    if (onlyBetween && underWay !== undefined) continue;
    for (const image of states.images(limit, random)) {
      const signature = `${signatureOf(image)} ${operations.indexOf(underWay as Operation)} ${acknowledged.tags.size} ${at > 0}`;
      const key = `${signature} ${countOf(acknowledged)}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const alsoPushes = seen.size % pushesEvery === 0;
      const problem = await violationIn(image, startedAtMs, acknowledged, underWay, {
        ...{ isServer: alsoPushes || collects, alsoPushes, rules },
      });
      if (problem === undefined) continue;
      const when = underWay === undefined ? 'between two requests' : `during "${underWay.name}"`;
      return {
        states: seen.size,
        sampled: states.sampledMoments,
        violation: `${problem} (after call ${at} of ${events.length}, ${when})`,
      };
    }
  }
  return { states: seen.size, sampled: states.sampledMoments, violation: undefined };
}

function countOf({ tags, blobs, referrers, uploads }: Acknowledged): string {
  const present = [...tags.values(), ...blobs.values()].filter((content) => content !== undefined).length;
  return [tags.size, blobs.size, present, referrers.size, uploads.size].join(' ');
}

export async function recorded({
  operations,
  doesSync = () => true,
  rules,
  exchanges = false,
}: Recording): Promise<readonly DiskEvent[]> {
  const disk = new SimulatedDisk({ nowMs: startedAtMs, doesSync, exchanges });
  const running = await startOn(disk, false, rules);
  try {
    for (const operation of operations) {
      disk.note({ operation, answered: false } satisfies Answer);
      await operation.run(running.registry, running);
      disk.note({ operation, answered: true } satisfies Answer);
    }
  } finally {
    await running.close();
  }
  return disk.events;
}
