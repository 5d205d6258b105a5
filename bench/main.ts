// `npm run bench`: moorage, olareg, distribution and a bare node:http server side by side. Writes a report; its exit code
// says whether every workload ran without errors, never how fast.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { engineMissing, ImageEngine } from './load/image-engine.ts';
import { wrkMissing } from './load/wrk.ts';
import { describeCommit, describeMachine } from './machine.ts';
import { measure, type Outcome } from './measure.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { PreparedData } from './prepared-data.ts';
import { keptRatios, slowerThanKept } from './report/kept.ts';
import { reportOf } from './report.ts';
import { stopAllServers } from './running-server.ts';
import { type Absent, type Contestant, isAbsent } from './servers/contestant.ts';
import { crane } from './servers/crane.ts';
import { distribution } from './servers/distribution.ts';
import { moorage, nameOn } from './servers/moorage.ts';
import { nginx } from './servers/nginx.ts';
import { nodeHttp } from './servers/node-http.ts';
import { olareg } from './servers/olareg.ts';
import { zot } from './servers/zot.ts';
import { chooseWorkloads } from './workloads/all.ts';

/** Compiled to build/bench/main.js of the checkout. */
const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function contestantsFor(options: Options): (Contestant | Absent)[] {
  const { nodeArguments, alsoNode } = options;
  const own = { name: 'moorage', checkout: CHECKOUT, requestLog: false, node: process.execPath, nodeArguments };
  const ours = [
    moorage(own),
    // One second of each workload shows no log.
    ...(options.short ? [] : [moorage({ ...own, name: 'moorage-log', requestLog: true })]),
    ...(alsoNode === undefined ? [] : [moorage({ ...own, name: nameOn(alsoNode), node: alsoNode })]),
  ];
  const peers = options.peers.map((peer) => {
    switch (peer) {
      case 'olareg':
        return olareg(options.clients);
      case 'distribution':
        return distribution(options.clients);
      case 'zot':
        return zot(options.zot);
      case 'crane':
        return crane(options.clients);
      case 'nginx':
        return nginx();
      default:
        return nodeHttp();
    }
  });
  const beside =
    options.beside === undefined
      ? []
      : [moorage({ ...own, name: 'beside', checkout: resolve(options.beside), nodeArguments: [] })];
  return [...(options.withoutMoorage ? [] : ours), ...beside, ...peers];
}

function reservationOf(options: Options): string {
  if (options.short) {
    return 'The short form: few rounds of a second, smaller repositories, no warm-up. Its ratios say which way, not how far.';
  }
  const parts = [
    options.rounds === undefined ? '' : `${options.rounds} rounds each`,
    options.only.length === 0 ? '' : `only ${options.only.join(', ')}`,
    options.beside === undefined ? '' : `beside ${describeCommit(resolve(options.beside))} of moorage`,
    options.withoutMoorage ? 'without moorage' : '',
    options.nodeArguments.length === 0 ? '' : `moorage run with ${options.nodeArguments.join(' ')}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : `Not the whole long form: ${parts.join(', ')}.`;
}

async function runWorkloads(
  options: Options,
  contestants: readonly Contestant[],
  base: string,
  engine: ImageEngine,
): Promise<{ outcomes: Outcome[]; skipped: string[] }> {
  const data = new PreparedData(base);
  const missing = { wrk: await wrkMissing(), docker: engineMissing() };
  const workloads = chooseWorkloads({ ...options, engine });
  const outcomes: Outcome[] = [];
  const skipped: string[] = [];
  for (const [index, workload] of workloads.entries()) {
    const why = workload.needs === undefined ? undefined : missing[workload.needs];
    if (why !== undefined) {
      skipped.push(`${workload.name}: ${why}`);
      continue;
    }
    say(`${workload.name}: ${workload.title}`);
    outcomes.push(await measure(workload, contestants, data, say));
    data.release(contestants, workload, workloads.slice(index + 1));
  }
  return { outcomes, skipped };
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    say(USAGE);
    return 0;
  }
  const entrants = contestantsFor(options);
  const absent = entrants.filter(isAbsent);
  const contestants = entrants.filter((entrant): entrant is Contestant => !isAbsent(entrant));
  const base = mkdtempSync(join(resolve(options.data), 'moorage-bench-'));
  const layerBytes = (options.short ? 5 : 50) * 2 ** 20;
  const engine = new ImageEngine(join(base, 'engine'), layerBytes);
  const leave = (): void => {
    void Promise.all([stopAllServers(), engine.stop()]).then(() => {
      rmSync(base, { recursive: true, force: true });
      process.exit(130);
    });
  };
  process.once('SIGINT', leave).once('SIGTERM', leave);
  try {
    const machine = describeMachine(base);
    const { outcomes, skipped } = await runWorkloads(options, contestants, base, engine);
    const reservation = reservationOf(options);
    const isThere = (name: string) => contestants.some((contestant) => contestant.name === name);
    const whole =
      reservation === '' && skipped.length === 0 && ['moorage', 'olareg', 'distribution', 'node-http'].every(isThere);
    const output = options.output ?? join(CHECKOUT, whole ? 'bench/results/latest.md' : 'build/bench/latest.md');
    // Read before it may be replaced.
    const kept = keptRatios(join(CHECKOUT, 'bench/results/latest.md'));
    mkdirSync(dirname(output), { recursive: true });
    const commit = describeCommit(CHECKOUT);
    writeFileSync(
      output,
      reportOf({ outcomes, contestants, absent, machine, commit, date: new Date(), reservation, short: options.short }),
    );
    say(`report: ${output}`);
    for (const line of slowerThanKept(outcomes, kept)) say(line);
    return summarise(outcomes, [...absent.map(({ name, reason }) => `${name}: ${reason}`), ...skipped]);
  } finally {
    await Promise.all([stopAllServers(), engine.stop()]);
    rmSync(base, { recursive: true, force: true });
  }
}

/** Prints the totals, the last line plain, and returns the exit code. */
function summarise(outcomes: readonly Outcome[], skipped: readonly string[]): number {
  const failed = outcomes.filter(({ entries }) => entries.some(({ failure }) => failure !== ''));
  for (const { workload, entries } of failed) {
    for (const { contestant, failure } of entries)
      if (failure !== '') say(`failed: ${workload.name}, ${contestant.name}: ${failure}`);
  }
  for (const reason of skipped) say(`skipped: ${reason}`);
  const passed = outcomes.length - failed.length;
  say(`${passed} passed, ${failed.length} failed${skipped.length === 0 ? '' : `, ${skipped.length} skipped`}`);
  return failed.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
