// Runs checks against one registry and reports each outcome. Knows neither the command line nor how servers start.
import { randomBytes } from 'node:crypto';
import type { Check, Level, Section } from './check/check.ts';
import { CheckFailure, CheckSkip, VariantMissing } from './check/expect.ts';
import { allSections } from './checks/sections.ts';
import { HttpClient } from './client/http-client.ts';
import { Observations } from './client/observations.ts';
import { Registry, type Variant } from './registry/registry.ts';

export interface ConformanceOptions {
  /** Where the registry listens, e.g. "http://127.0.0.1:5000". */
  readonly baseUrl: string;
  /** True for moorage: then only a missing variant may skip, and every chosen answer counts. Default false. */
  readonly own?: boolean;
  /** The same software started with other settings; checks that need one that is missing are skipped. */
  readonly variants?: Readonly<Partial<Record<Variant, string>>>;
  /** Only checks whose section, id or name contains this text. */
  readonly filter?: string;
  /** Also the checks that wait for the server to lose patience (minutes). Default false. */
  readonly patient?: boolean;
  /** First component of every repository name. Default "conformance". */
  readonly namespace?: string;
}

export type Status = 'pass' | 'fail' | 'skip';

export interface CheckResult {
  readonly section: string;
  readonly id: string;
  readonly name: string;
  readonly clause: string;
  readonly level: Level;
  readonly status: Status;
  readonly durationMs: number;
  /** Why it failed or was skipped. */
  readonly reason?: string;
  /** The request and the answer it failed on. */
  readonly exchange?: string;
}

export interface ConformanceReport {
  readonly results: readonly CheckResult[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** How many answers of the registry were looked at. */
  readonly answers: number;
}

/** Every check once, in fresh repositories: may be repeated on the same registry as often as one likes. */
export async function runConformance(options: ConformanceOptions): Promise<ConformanceReport> {
  const observations = new Observations();
  const clients = new Map<string, HttpClient>();
  const own = options.own ?? false;
  const registry = new Registry({
    baseUrl: new URL(options.baseUrl),
    own,
    variants: urlsOf(options.variants ?? {}),
    observations,
    clientOf: (url) => {
      const client = clients.get(url.href) ?? new HttpClient(url, own, (answer) => observations.observe(answer));
      clients.set(url.href, client);
      return client;
    },
    namespace: `${options.namespace ?? 'conformance'}/r${randomBytes(4).toString('hex')}`,
  });
  let started = 0;
  const outcome = (section: Section, each: Check) => {
    started += 1;
    return runCheck(registry.for(each.id, started), section, each, own);
  };
  const chosen = allSections.map((section) => ({ section, checks: section.checks.filter(selected(section, options)) }));
  const waiting = chosen.flatMap(({ section, checks }) =>
    checks.filter((each) => each.patient === true).map((each) => ({ each, result: outcome(section, each) })),
  );
  const results: CheckResult[] = [];
  for (const { section, checks } of chosen) {
    for (const each of checks) {
      const early = waiting.find((patient) => patient.each === each);
      results.push(await (early?.result ?? outcome(section, each)));
    }
  }
  for (const client of clients.values()) client.close();
  const count = (status: Status): number => results.filter((result) => result.status === status).length;
  return {
    results,
    passed: count('pass'),
    failed: count('fail'),
    skipped: count('skip'),
    answers: observations.answers,
  };
}

function selected(section: Section, options: ConformanceOptions): (each: Check) => boolean {
  const wanted = options.filter?.toLowerCase();
  return (each) => {
    if (each.patient === true && options.patient !== true) return false;
    return wanted === undefined || `${section.title} ${each.id} ${each.name}`.toLowerCase().includes(wanted);
  };
}

async function runCheck(registry: Registry, section: Section, each: Check, own: boolean): Promise<CheckResult> {
  const { id, name, clause, level } = each;
  const started = performance.now();
  const outcome = await judge(registry, each, own);
  const durationMs = Math.round(performance.now() - started);
  return { section: section.title, id, name, clause, level, durationMs, ...outcome };
}

type Judgement = Pick<CheckResult, 'status' | 'reason' | 'exchange'>;

async function judge(registry: Registry, { level, run }: Check, own: boolean): Promise<Judgement> {
  try {
    await run(registry);
    return { status: 'pass' };
  } catch (error) {
    const maySkip = !own || error instanceof VariantMissing;
    if (error instanceof CheckSkip && maySkip) return { status: 'skip', reason: error.message };
    const reason = error instanceof Error ? error.message : String(error);
    const optional = !own && error instanceof CheckFailure && (level === 'MAY' || level === 'CHOSEN');
    if (optional) return { status: 'skip', reason: `not required, and answered otherwise: ${reason}` };
    const exchange = error instanceof CheckFailure ? error.exchange : undefined;
    return { status: 'fail', reason, ...(exchange === undefined ? {} : { exchange }) };
  }
}

function urlsOf(variants: Readonly<Partial<Record<Variant, string>>>): Partial<Record<Variant, URL>> {
  const entries = Object.entries(variants).map(([name, url]) => [name, new URL(url)]);
  return Object.fromEntries(entries) as Partial<Record<Variant, URL>>;
}
