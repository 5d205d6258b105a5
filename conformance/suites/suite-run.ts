// One run of an official suite in one configuration, judged by the files it wrote, against the numbers it must reach.
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { type JunitTestCase, parseJunit } from './junit.ts';
import type { SuiteSource } from './suite-source.ts';

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly errors: number;
  readonly skipped: number;
  readonly disabled: number;
}

export interface SuiteConfiguration {
  /** Names the folder of its results, e.g. "main-dev". */
  readonly name: string;
  readonly title: string;
  readonly suite: 'main' | 'v1.1.1';
  /** Variables beside those that say where the registry is. */
  readonly env: Readonly<Record<string, string>>;
  /** What moorage must reach. */
  readonly required: Totals;
  /** Tests that exclude others and therefore skip on every registry. */
  readonly unavoidableSkips: readonly string[];
}

export interface SuiteRun {
  readonly configuration: SuiteConfiguration;
  readonly totals: Totals;
  /** Why the run does not meet what is required; empty when it does. */
  readonly problems: readonly string[];
  readonly resultsDirectory: string;
}

const none: Totals = { passed: 0, failed: 0, errors: 0, skipped: 0, disabled: 0 };

const v1Skips = [
  'Pull Setup Get tag name from environment',
  'Push Cross-Repository Blob Mount Cross-mounting of nonexistent blob should yield session id',
  'Push Cross-Repository Blob Mount Cross-mounting without from, and automatic content discovery disabled should return a 202',
  'Content Discovery Setup Populate registry with test tags (no push)',
];

function main(version: string, required: Totals): SuiteConfiguration {
  return {
    name: `main-${version}`,
    title: `main branch, OCI_VERSION=${version} OCI_DATA_SPARSE=true`,
    suite: 'main',
    env: { OCI_VERSION: version, OCI_DATA_SPARSE: 'true', OCI_TLS: 'disabled', OCI_LOG: 'error' },
    required,
    unavoidableSkips: [],
  };
}

export const suiteConfigurations: readonly SuiteConfiguration[] = [
  main('dev', { ...none, passed: 1032 }),
  main('1.1', { ...none, passed: 906, disabled: 2 }),
  main('1.0', { ...none, passed: 896, disabled: 8 }),
  {
    name: 'v1.1.1',
    title: 'v1.1.1, OCI_AUTOMATIC_CROSSMOUNT=1, all four categories',
    suite: 'v1.1.1',
    env: {
      OCI_TEST_PULL: '1',
      OCI_TEST_PUSH: '1',
      OCI_TEST_CONTENT_DISCOVERY: '1',
      OCI_TEST_CONTENT_MANAGEMENT: '1',
      OCI_AUTOMATIC_CROSSMOUNT: '1',
    },
    required: { ...none, passed: 75, skipped: 4 },
    unavoidableSkips: v1Skips,
  },
];

export interface SuiteOptions {
  /** moorage, which must reach the required numbers; another registry must only not fail. */
  readonly own: boolean;
  /** Variables beside those of the configuration. */
  readonly env: Readonly<Record<string, string>>;
}

/** Runs one configuration. */
export async function runSuite(
  source: SuiteSource,
  configuration: SuiteConfiguration,
  registryUrl: string,
  resultsDirectory: string,
  { own, env }: SuiteOptions,
): Promise<SuiteRun> {
  // A directory that did not exist before: whatever is read from it was written by this run.
  await mkdir(resultsDirectory, { recursive: false });
  const where = target(configuration, registryUrl, source.resultsPath(resultsDirectory));
  const printed = await source.run({ ...configuration.env, ...env, ...where }, resultsDirectory);
  try {
    const { totals, problems } = await readResults(configuration, resultsDirectory, own);
    return { configuration, totals, problems, resultsDirectory };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const problems = [`no readable results: ${reason}`, ...printed.trim().split('\n').slice(-5)];
    return { configuration, totals: none, problems, resultsDirectory };
  }
}

/** The same repositories at every run, so that a second run meets what the first one left. */
function target(configuration: SuiteConfiguration, registryUrl: string, results: string): Record<string, string> {
  const { host, protocol, origin } = new URL(registryUrl);
  const v1 = { OCI_ROOT_URL: origin, OCI_NAMESPACE: 'suite-v1/repo1', OCI_CROSSMOUNT_NAMESPACE: 'suite-v1/repo2' };
  const tls = protocol === 'https:' ? { OCI_TLS: 'enabled' } : {};
  return configuration.suite === 'main'
    ? { OCI_REGISTRY: host, OCI_RESULTS_DIR: results, ...tls }
    : { ...v1, OCI_REPORT_DIR: results };
}

async function readResults(configuration: SuiteConfiguration, directory: string, own: boolean) {
  const { counts, testCases } = parseJunit(await readFile(path.join(directory, 'junit.xml'), 'utf8'));
  const isMain = configuration.suite === 'main';
  const totals = isMain ? countedTotals(counts) : totalsOf(testCases.filter(isTest));
  const rows = isMain ? await failedRows(path.join(directory, 'results.yaml')) : [];
  const failedCases = testCases.filter(({ status }) => !['passed', 'skipped'].includes(status));
  const skips = testCases.filter((each) => each.status === 'skipped' && (isMain || isTest(each)));
  const unexpected = skips.filter(({ name }) => !configuration.unavoidableSkips.includes(shortName(name)));
  const problems = [
    ...failedCases.map(({ name, status }) => `${status}: ${name}`),
    ...rows,
    ...(own && !isMain ? unexpected.map(({ name }) => `skipped: ${name}`) : []),
    ...(own ? shortfalls(totals, configuration.required) : []),
    ...(totals.passed === 0 ? ['nothing passed'] : []),
  ];
  return { totals, problems };
}

const suiteV1Prefix = 'OCI Distribution Conformance Tests ';
const shortName = (name: string): string => name.replace(suiteV1Prefix, '');

/** Leaves out the reporter, which the v1.1.1 suite lists among its tests. */
function isTest({ name }: JunitTestCase): boolean {
  return name.startsWith(suiteV1Prefix);
}

/** The suite on main counts more than its leaves: its own counters are what it is judged by. */
function countedTotals(counts: Readonly<Record<string, string>>): Totals {
  const count = (name: string): number => Number(counts[name] ?? 0);
  const [failed, errors, skipped, disabled] = [count('failures'), count('errors'), count('skipped'), count('disabled')];
  return { passed: count('tests') - failed - errors - skipped - disabled, failed, errors, skipped, disabled };
}

function totalsOf(testCases: readonly JunitTestCase[]): Totals {
  const count = (...statuses: string[]): number => testCases.filter(({ status }) => statuses.includes(status)).length;
  const [passed, skipped, failed] = [count('passed'), count('skipped', 'pending'), count('failed', 'failure')];
  return { passed, skipped, failed, errors: testCases.length - passed - skipped - failed, disabled: 0 };
}

/** The rows of results.yaml by API and by data set that say FAIL or Error. */
async function failedRows(file: string): Promise<string[]> {
  const results = parse(await readFile(file, 'utf8')) as {
    apis?: Record<string, string>;
    data?: Record<string, string>;
  };
  if (results.apis === undefined || results.data === undefined) throw new Error('results.yaml has no apis or data');
  const rows = [...Object.entries(results.apis), ...Object.entries(results.data)];
  return rows.filter(([, status]) => ['FAIL', 'Error', 'Unknown'].includes(status)).map((row) => row.join(': '));
}

function shortfalls(totals: Totals, required: Totals): string[] {
  const names = Object.keys(required) as (keyof Totals)[];
  return names
    .filter((name) => totals[name] !== required[name])
    .map((name) => `${totals[name]} ${name}, required ${required[name]}`);
}
