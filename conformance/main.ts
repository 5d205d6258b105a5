// `npm run conformance`: starts what is to be checked, runs our own checks and the official suites, prints the outcome.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Arguments, parseArguments, UsageError, usage } from './arguments.ts';
import { allSections } from './checks/sections.ts';
import { coverageGaps } from './coverage.ts';
import { keepResults } from './report/kept-results.ts';
import { type Outcome, type Round, renderFailures, renderSkips, renderTable, totalsOf } from './report/table.ts';
import { type ConformanceOptions, runConformance } from './run.ts';
import { askingModes, startAsking, suiteCredentials } from './server/asking.ts';
import { type Fleet, startFleet } from './server/fleet.ts';
import { runSuite, type SuiteOptions, type SuiteRun, suiteConfigurations } from './suites/suite-run.ts';
import { findSuite, type SuiteSource } from './suites/suite-source.ts';

interface Suites {
  readonly main: SuiteSource | undefined;
  readonly 'v1.1.1': SuiteSource | undefined;
  readonly missing: readonly string[];
}

async function main(): Promise<number> {
  const args = parseArguments(process.argv.slice(2), process.env);
  if (args.help) return print(usage, 0);
  if (args.list) return print(listing(), 0);
  const { unchecked, unknown } = coverageGaps();
  if (unchecked.length > 0) return print(`Without a check:\n${unchecked.join('\n')}`, 1);
  if (unknown.length > 0) return print(`Checks of nothing that is required:\n${unknown.join('\n')}`, 1);
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'moorage-conformance-'));
  try {
    const suites = await findSuites(args);
    const rounds = await roundsOf(args, suites, scratch);
    return await report(args, { rounds, missing: suites.missing });
  } finally {
    await removeScratch(scratch);
  }
}

function roundsOf(args: Arguments, suites: Suites, scratch: string): Promise<Round[]> {
  if (args.users) return askingRounds(suites, scratch);
  return args.url === undefined ? ownRounds(args, suites, scratch) : foreignRound(args, suites, scratch);
}

const removeScratch = (scratch: string): Promise<void> => rm(scratch, { recursive: true, force: true, maxRetries: 5 });

function listing(): string {
  const lines = allSections.flatMap(({ title, checks }) => [
    `\n${title}`,
    ...checks.map(({ id, name, level, clause }) => `  ${id} (${level}): ${name} [${clause}]`),
  ]);
  return lines.join('\n').trimStart();
}

async function findSuites(args: Arguments): Promise<Suites> {
  if (args.filter !== undefined) return { main: undefined, 'v1.1.1': undefined, missing: [] };
  const found = {
    main: await findSuite({ binary: args.suite, image: args.suiteImage }),
    'v1.1.1': await findSuite({ binary: args.suiteV1, image: args.suiteV1Image }),
  };
  const missing = Object.entries(found).flatMap(([suite, source]) =>
    typeof source === 'string' ? [`official suite ${suite}: ${source}`] : [],
  );
  const usable = (source: SuiteSource | string) => (typeof source === 'string' ? undefined : source);
  return { main: usable(found.main), 'v1.1.1': usable(found['v1.1.1']), missing };
}

/** Twice on one directory, once more after a restart of every server, each of several processes then. With --filter once is enough. */
async function ownRounds(args: Arguments, suites: Suites, scratch: string): Promise<Round[]> {
  const restarted = 'after a restart, with two workers';
  const titles = args.filter === undefined ? ['first run', 'second run', restarted] : ['run'];
  const rounds: Round[] = [];
  let fleet: Fleet = await startFleet(scratch);
  const interrupt = (): void => {
    void fleet
      .stop()
      .finally(() => removeScratch(scratch))
      .finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    for (const title of titles) {
      if (title === restarted) {
        await fleet.stop();
        fleet = await startFleet(scratch, 2);
      }
      const { baseUrl, variants } = fleet;
      // Stalled clients are waited for in the first round only: the servers' patience does not depend on what is stored.
      const options = { baseUrl, variants, own: true, patient: rounds.length === 0, namespace: args.namespace };
      rounds.push(await round(title, { ...options, ...filterOf(args) }, suites, scratch));
    }
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await fleet.stop();
  }
  return rounds;
}

/** Each way of showing who one is, on a registry that is empty. */
async function askingRounds(suites: Suites, scratch: string): Promise<Round[]> {
  const rounds: Round[] = [];
  for (const mode of askingModes) {
    const server = await startAsking(mode, scratch);
    try {
      const env = { ...suiteCredentials, ...mode.suite };
      const runs = await suiteRuns(mode.title, suites, server.url, scratch, { own: true, env });
      rounds.push({
        title: mode.title,
        own: { results: [], passed: 0, failed: 0, skipped: 0, answers: 0 },
        suites: runs,
      });
    } finally {
      await server.stop();
    }
  }
  return rounds;
}

async function foreignRound(args: Arguments, suites: Suites, scratch: string): Promise<Round[]> {
  const { url: baseUrl = '', strict: own, patient, namespace } = args;
  await assertAnswers(baseUrl);
  return [await round('run', { baseUrl, own, patient, namespace, ...filterOf(args) }, suites, scratch)];
}

/** One clear line instead of every check failing alike. */
async function assertAnswers(baseUrl: string): Promise<void> {
  const url = new URL('/v2/', baseUrl).href;
  await fetch(url).catch((cause: unknown) => {
    throw new Error(`nothing answers at ${url}: start the registry first, or leave --url out`, { cause });
  });
}

const filterOf = ({ filter }: Arguments): { filter?: string } => (filter === undefined ? {} : { filter });

async function round(title: string, options: ConformanceOptions, suites: Suites, scratch: string): Promise<Round> {
  process.stdout.write(`${title}: own checks ... `);
  const own = await runConformance(options);
  process.stdout.write(`${own.passed} pass, ${own.failed} fail, ${own.skipped} skip\n`);
  const { baseUrl } = options;
  const runs = await suiteRuns(title, suites, baseUrl, scratch, { own: options.own ?? false, env: {} });
  return { title, own, suites: runs };
}

async function suiteRuns(
  title: string,
  suites: Suites,
  baseUrl: string,
  scratch: string,
  options: SuiteOptions,
): Promise<SuiteRun[]> {
  const runs: SuiteRun[] = [];
  for (const configuration of suiteConfigurations) {
    const source = suites[configuration.suite];
    if (source === undefined) continue;
    const results = path.join(scratch, `${configuration.name} ${title}`.replaceAll(/[ ,]+/g, '-'));
    const run = await runSuite(source, configuration, baseUrl, results, options);
    process.stdout.write(`${title}: suite ${configuration.name}: ${run.problems.length === 0 ? 'ok' : 'FAIL'}\n`);
    runs.push(run);
  }
  return runs;
}

async function report(args: Arguments, outcome: Outcome): Promise<number> {
  const { passed, failed, skipped } = totalsOf(outcome);
  const parts = [renderFailures(outcome), renderSkips(outcome), renderTable(outcome)].filter((part) => part !== '');
  process.stdout.write(`\n${parts.join('\n\n')}\n\n`);
  if (args.json !== undefined) await writeFile(args.json, `${JSON.stringify(outcome, undefined, 2)}\n`);
  if (args.save) process.stdout.write(`kept in ${path.relative(process.cwd(), await keepResults(outcome))}\n`);
  const skips = skipped > 0 ? `, ${skipped} skipped` : '';
  return print(`${passed} passed, ${failed} failed${skips}`, failed > 0 || passed === 0 ? 1 : 0);
}

function print(text: string, exitCode: number): number {
  process.stdout.write(`${text}\n`);
  return exitCode;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`conformance: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
