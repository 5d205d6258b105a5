// What a person reads: a table of sections by run, then every failure with its exchange, then the reasons for skips.
import type { CheckResult, ConformanceReport } from '../run.ts';
import type { SuiteRun, Totals } from '../suites/suite-run.ts';

/** One pass over everything, on one state of the registry. */
export interface Round {
  readonly title: string;
  readonly own: ConformanceReport;
  readonly suites: readonly SuiteRun[];
}

export interface Outcome {
  readonly rounds: readonly Round[];
  /** What could not be run at all, with the reason. */
  readonly missing: readonly string[];
}

export function totalsOf({ rounds, missing }: Outcome): { passed: number; failed: number; skipped: number } {
  const sum = (count: (round: Round) => number): number => rounds.reduce((total, round) => total + count(round), 0);
  return {
    passed: sum(({ own, suites }) => own.passed + suites.filter(meets).length),
    failed: sum(({ own, suites }) => own.failed + suites.filter((run) => !meets(run)).length),
    skipped: sum(({ own }) => own.skipped) + missing.length,
  };
}

const meets = ({ problems }: SuiteRun): boolean => problems.length === 0;

export function renderTable({ rounds }: Outcome): string {
  const sections = [...new Set(rounds.flatMap(({ own }) => own.results.map(({ section }) => section)))];
  const rows = sections.map((section) => [
    section,
    ...rounds.map(({ own }) => cell(own.results.filter((result) => result.section === section))),
  ]);
  const suites = [...new Set(rounds.flatMap((round) => round.suites.map((run) => run.configuration.name)))];
  const suiteRows = suites.map((name) => [
    `Suite ${name}`,
    ...rounds.map((round) => suiteCell(round.suites.find((run) => run.configuration.name === name))),
  ]);
  return renderColumns([['', ...rounds.map(({ title }) => title)], ...rows, ...suiteRows]);
}

function cell(results: readonly CheckResult[]): string {
  const count = (status: string): number => results.filter((result) => result.status === status).length;
  const [failed, skipped] = [count('fail'), count('skip')];
  if (results.length === 0) return '-';
  return [
    `${count('pass')} pass`,
    ...(failed > 0 ? [`${failed} FAIL`] : []),
    ...(skipped > 0 ? [`${skipped} skip`] : []),
  ].join(', ');
}

export function renderTotals(totals: Totals): string {
  const named: readonly (readonly [number, string])[] = [
    [totals.failed, 'fail'],
    [totals.errors, 'error'],
    [totals.skipped, 'skip'],
    [totals.disabled, 'disabled'],
  ];
  return [`${totals.passed} pass`, ...named.filter(([count]) => count > 0).map((each) => each.join(' '))].join(', ');
}

function suiteCell(run: SuiteRun | undefined): string {
  if (run === undefined) return '-';
  return `${renderTotals(run.totals)}${meets(run) ? '' : ' FAIL'}`;
}

function renderColumns(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((text, at) => text.padEnd((widths[at] ?? 0) + 2))
        .join('')
        .trimEnd(),
    )
    .join('\n');
}

export function renderFailures({ rounds }: Outcome): string {
  const own = rounds.flatMap(({ title, own: report }) =>
    report.results.filter(({ status }) => status === 'fail').map((result) => renderFailure(title, result)),
  );
  const suites = rounds.flatMap(({ title, suites: runs }) =>
    runs.filter((run) => !meets(run)).map((run) => renderSuiteFailure(title, run)),
  );
  return [...own, ...suites].join('\n\n');
}

function renderFailure(round: string, { section, id, name, clause, level, reason, exchange }: CheckResult): string {
  const head = `FAIL ${id}: ${name}\n  ${section}, ${round}, ${level}; ${clause}\n  ${reason}`;
  return exchange === undefined ? head : `${head}\n${indent(exchange, '    ')}`;
}

function renderSuiteFailure(round: string, { configuration, problems }: SuiteRun): string {
  const shown = problems.slice(0, 40);
  const rest = problems.length > shown.length ? [`... and ${problems.length - shown.length} more`] : [];
  return `FAIL suite ${configuration.title}\n  ${round}\n${indent([...shown, ...rest].join('\n'), '    ')}`;
}

/** Each reason once, with the checks it stands for. */
export function renderSkips({ rounds, missing }: Outcome): string {
  const reasons = new Map<string, Set<string>>();
  for (const { id, status, reason = '' } of rounds.flatMap(({ own }) => own.results)) {
    if (status === 'skip') reasons.set(reason, (reasons.get(reason) ?? new Set()).add(id));
  }
  const lines = [...reasons].map(([reason, ids]) => `skip ${[...ids].join(', ')}: ${reason}`);
  return [...lines, ...missing.map((reason) => `skip ${reason}`)].join('\n');
}

function indent(text: string, by: string): string {
  return text
    .split('\n')
    .map((line) => by + line)
    .join('\n');
}
