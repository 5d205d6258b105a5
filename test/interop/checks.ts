// The list of what was checked: one line at once for each check, a table and the closing line at the end.

export type Outcome = 'ok' | 'FAIL' | 'skip' | 'n/a';

export interface CheckResult {
  readonly subject: string;
  readonly name: string;
  readonly outcome: Outcome;
  readonly detail: string;
  readonly seconds: number;
}

/** Thrown by a check whose precondition is missing: a listed skip, a failure where `strict`. */
export class Missing extends Error {
  override readonly name = 'Missing';
}

export class CheckList {
  readonly results: CheckResult[] = [];
  /** In CI everything has to be there: what would be a skip elsewhere fails. */
  readonly strict: boolean;
  readonly #print: (line: string) => void;
  #stopped = false;

  constructor(strict: boolean, print: (line: string) => void) {
    this.strict = strict;
    this.#print = print;
  }

  /** Runs one check; answers whether it passed. The text it returns is what it saw. Never throws. */
  async check(subject: string, name: string, run: () => Promise<string | undefined>): Promise<boolean> {
    if (this.#stopped) return await never();
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;
    try {
      const detail = await run();
      this.#add({ subject, name, outcome: 'ok', detail: detail ?? '', seconds: seconds() });
      return true;
    } catch (error) {
      if (this.#stopped) return await never();
      const missing = error instanceof Missing && !this.strict;
      const detail = error instanceof Error ? error.message : String(error);
      this.#add({ subject, name, outcome: missing ? 'skip' : 'FAIL', detail, seconds: seconds() });
      return false;
    }
  }

  /** The run is abandoned: whoever waits for a check waits until the process ends, so nothing new begins. */
  stop(): void {
    this.#stopped = true;
  }

  /** Something the tool has no command for. It is shown, and counted neither as passed nor as skipped. */
  notApplicable(subject: string, name: string, reason: string): void {
    this.#add({ subject, name, outcome: 'n/a', detail: reason, seconds: 0 });
  }

  count(outcome: Outcome): number {
    return this.results.filter((result) => result.outcome === outcome).length;
  }

  /** The closing line; `.ci/run` adds it up with those of the other steps. */
  total(): string {
    return `${this.count('ok')} passed, ${this.count('FAIL')} failed, ${this.count('skip')} skipped`;
  }

  #add(result: CheckResult): void {
    this.results.push(result);
    const time = result.seconds >= 0.05 ? ` (${result.seconds.toFixed(1)} s)` : '';
    const detail = result.detail === '' ? '' : `: ${result.detail}`;
    this.#print(`${result.outcome.padEnd(4)} ${result.subject}: ${result.name}${detail}${time}`);
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

/** What was checked, as a grid of checks by subjects. */
export function resultTable(results: readonly CheckResult[], subjects: readonly string[]): string[] {
  const names = [
    ...new Set(results.filter((result) => subjects.includes(result.subject)).map((result) => result.name)),
  ];
  const width = Math.max(0, ...names.map((name) => name.length));
  const columns = subjects.map((subject) => Math.max(subject.length, 4));
  const row = (first: string, cells: readonly string[]) =>
    `| ${first.padEnd(width)} | ${cells.map((cell, at) => cell.padEnd(columns[at] ?? 0)).join(' | ')} |`;
  const cell = (name: string, subject: string) =>
    results.find((result) => result.name === name && result.subject === subject)?.outcome ?? '-';
  return [
    row('', subjects),
    `|${'-'.repeat(width + 2)}|${columns.map((column) => '-'.repeat(column + 2)).join('|')}|`,
    ...names.map((name) =>
      row(
        name,
        subjects.map((subject) => cell(name, subject)),
      ),
    ),
  ];
}
