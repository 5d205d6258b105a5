// Runs one workload: servers started side by side, rounds in which they take turns, and the ratios pair by pair. Two runs of
// one server differ by up to a third on a shared machine; two turns of one round differ far less.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { LoadResult } from './load/load-result.ts';
import type { PreparedData } from './prepared-data.ts';
import type { Memory } from './process-usage.ts';
import { RunningServer } from './running-server.ts';
import type { Contestant } from './servers/contestant.ts';
import { type Spread, spreadOf } from './statistics.ts';
import type { FreshWorkload, LoadWorkload, StartWorkload, Workload } from './workloads/workload.ts';

export interface Sample {
  readonly round: number;
  readonly value: number;
  readonly operations: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly cpuSeconds: number;
}

/** What one server did in one workload. */
export interface Entry {
  readonly contestant: Contestant;
  readonly samples: Sample[];
  /** After the last round; the highest of all starts where the workload is the start. */
  memory: Memory;
  /** The longest time that its event loop was held up; undefined where it is not known. */
  longestTurnMs: number | undefined;
  /** Why this server was taken out of the workload; empty when it was not. */
  failure: string;
}

export interface Outcome {
  readonly workload: Workload;
  readonly entries: readonly Entry[];
}

/** Progress in one line, e.g. "  round 2 olareg: 8 483". */
export type Say = (line: string) => void;

export async function measure(
  workload: Workload,
  contestants: readonly Contestant[],
  data: PreparedData,
  say: Say,
): Promise<Outcome> {
  const entries = contestants
    .filter(({ name, sitsOut }) => !workload.without.has(name) && sitsOut(workload.name) === undefined)
    .map(
      (contestant): Entry => ({
        contestant,
        samples: [],
        memory: { residentBytes: 0, peakBytes: 0 },
        longestTurnMs: undefined,
        failure: '',
      }),
    );
  if (workload.kind === 'load') await measureLoad(workload, entries, data, say);
  else await measureStarts(workload, entries, data, say);
  return { workload, entries };
}

async function measureLoad(
  workload: LoadWorkload,
  entries: readonly Entry[],
  data: PreparedData,
  say: Say,
): Promise<void> {
  const servers = new Map<Entry, RunningServer>();
  const roots = new Map<Entry, string>();
  try {
    for (const entry of entries) {
      await attempt(entry, say, async () => {
        roots.set(entry, await data.rootFor(entry.contestant, workload));
      });
    }
    for (const entry of stillIn(entries)) {
      await attempt(entry, say, async () => {
        const scratch = data.scratchOf(entry.contestant);
        const server = await RunningServer.start(entry.contestant, roots.get(entry) ?? '', scratch, '/v2/');
        servers.set(entry, server);
        await workload.check(server, entry.contestant);
      });
    }
    const { rounds, seconds, warmUps } = workload.plan;
    for (let number = 0; number < warmUps + rounds; number++) {
      for (const entry of inTurn(stillIn(entries), number)) {
        const server = servers.get(entry);
        if (server === undefined) continue;
        await attempt(entry, say, async () => {
          const cpuBefore = server.cpuSeconds();
          const scratch = data.scratchOf(entry.contestant);
          const result = await workload.turn({ contestant: entry.contestant, server, number, seconds, scratch });
          const cpuSeconds = server.cpuSeconds() - cpuBefore;
          const round = number - warmUps;
          const value = workload.valueOf(result);
          if (round >= 0) entry.samples.push({ ...result, round, value, cpuSeconds });
          say(
            `  ${round < 0 ? 'warm-up' : `round ${round + 1}`} ${entry.contestant.name}: ${toPrecision(value)} ${workload.unit.label}`,
          );
        });
        workload.tidy(roots.get(entry) ?? '');
        await server.settle();
        await flushFileSystem(roots.get(entry) ?? '');
      }
    }
    for (const [entry, server] of servers) entry.memory = server.memory();
  } finally {
    await Promise.all([...servers.values()].map((server) => server.stop()));
    for (const [entry, server] of servers) entry.longestTurnMs = server.longestTurnMs();
  }
}

/** A server for each turn: what is measured is its start, or what it does from then on. */
async function measureStarts(
  workload: StartWorkload | FreshWorkload,
  entries: readonly Entry[],
  data: PreparedData,
  say: Say,
): Promise<void> {
  const { rounds, warmUps } = workload.plan;
  for (let number = 0; number < warmUps + rounds; number++) {
    for (const entry of inTurn(stillIn(entries), number)) {
      await attempt(entry, say, async () => {
        const root = await data.rootFor(entry.contestant, workload);
        const scratch = data.scratchOf(entry.contestant);
        const path = workload.kind === 'start' ? workload.path : '/v2/';
        const server = await RunningServer.start(entry.contestant, root, scratch, path);
        try {
          const result = workload.kind === 'start' ? oneStart(server) : await workload.turn(server);
          const round = number - warmUps;
          if (round >= 0)
            entry.samples.push({ ...result, round, value: result.p50Ms, cpuSeconds: server.cpuSeconds() });
          entry.memory = higher(entry.memory, server.memory());
          say(
            `  ${round < 0 ? 'warm-up' : `round ${round + 1}`} ${entry.contestant.name}: ${toPrecision(result.p50Ms)} ms`,
          );
        } finally {
          await server.stop();
        }
        entry.longestTurnMs = server.longestTurnMs() ?? entry.longestTurnMs;
        if (workload.kind === 'fresh') data.discard(entry.contestant, workload);
      });
    }
  }
}

function oneStart({ startMs }: RunningServer): LoadResult {
  return { operations: 1, seconds: startMs / 1000, p50Ms: startMs, p99Ms: startMs, maxMs: startMs };
}

function higher(one: Memory, other: Memory): Memory {
  return {
    residentBytes: Math.max(one.residentBytes, other.residentBytes),
    peakBytes: Math.max(one.peakBytes, other.peakBytes),
  };
}

/** How many times better `ours` is than `theirs`, round by round; undefined when they share no round. */
export function ratioOf(workload: Workload, ours: Entry, theirs: Entry): Spread | undefined {
  const ratios = ours.samples.flatMap(({ round, value }) => {
    const other = theirs.samples.find((sample) => sample.round === round);
    if (other === undefined) return [];
    return [workload.unit.better === 'higher' ? value / other.value : other.value / value];
  });
  return spreadOf(ratios);
}

/** Each round begins with another server, so that none always follows the same one. */
function inTurn(entries: readonly Entry[], number: number): Entry[] {
  const first = number % Math.max(1, entries.length);
  return [...entries.slice(first), ...entries.slice(0, first)];
}

function stillIn(entries: readonly Entry[]): Entry[] {
  return entries.filter(({ failure }) => failure === '');
}

/** A server that fails is out of this workload, with the reason; the others go on. */
async function attempt(entry: Entry, say: Say, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    entry.failure = error instanceof Error ? error.message : String(error);
    say(`  ${entry.contestant.name} FAILED: ${entry.failure}`);
  }
}

/** Nobody's turn may be spent on writing out what another server left in the page cache (olareg never calls fsync). */
async function flushFileSystem(root: string): Promise<void> {
  await promisify(execFile)('sync', ['-f', root]);
}

function toPrecision(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
