// Keeps what the official suites wrote, with the commit, the date and the totals, in conformance/results/. The README
// of the project quotes these files.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { currentCommit, projectRoot } from '../project.ts';
import { withoutDumps } from '../suites/junit.ts';
import type { SuiteRun } from '../suites/suite-run.ts';
import { type Outcome, renderTable, renderTotals, totalsOf } from './table.ts';

/** Overwrites the files of an earlier save. */
export async function keepResults(outcome: Outcome): Promise<string> {
  const directory = path.join(projectRoot(), 'conformance', 'results');
  const [first] = outcome.rounds;
  for (const run of first?.suites ?? []) await keepSuite(run, path.join(directory, run.configuration.name));
  const summary = {
    commit: await currentCommit(),
    date: new Date().toISOString(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    ownChecks: outcome.rounds.map(({ title, own }) => ({
      round: title,
      passed: own.passed,
      failed: own.failed,
      skipped: own.skipped,
      answers: own.answers,
    })),
    suites: outcome.rounds.flatMap(({ title, suites }) =>
      suites.map(({ configuration, totals, problems }) => ({
        round: title,
        name: configuration.name,
        ...totals,
        problems,
      })),
    ),
    missing: outcome.missing,
  };
  await mkdir(directory, { recursive: true });
  await writeFile(path.join(directory, 'summary.json'), `${JSON.stringify(summary, undefined, 2)}\n`);
  await writeFile(path.join(directory, 'README.md'), readme(outcome, summary));
  return directory;
}

/** Only of the first round, without the dumps of requests, and without this machine's paths. */
async function keepSuite({ resultsDirectory, configuration }: SuiteRun, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  const anonymous = (text: string): string => text.replaceAll(resultsDirectory, 'results');
  const junit = await readFile(path.join(resultsDirectory, 'junit.xml'), 'utf8');
  await writeFile(path.join(target, 'junit.xml'), anonymous(withoutDumps(junit)));
  if (configuration.suite !== 'main') return;
  const results = await readFile(path.join(resultsDirectory, 'results.yaml'), 'utf8');
  await writeFile(path.join(target, 'results.yaml'), anonymous(results));
}

function readme(outcome: Outcome, about: { commit: string; date: string; node: string; platform: string }): string {
  const { passed, failed, skipped } = totalsOf(outcome);
  const runs = outcome.rounds.flatMap(({ title, suites }) =>
    suites.map((run) => `| ${run.configuration.title} | ${title} | ${renderTotals(run.totals)} |`),
  );
  return `# Results

Written by \`npm run conformance -- --save\`; do not edit.

Commit ${about.commit}, ${about.date}, Node ${about.node}, ${about.platform}.
${passed} passed, ${failed} failed, ${skipped} skipped, each official run counted as one.

| official suite | round | result |
|---|---|---|
${runs.join('\n')}

The folders hold \`results.yaml\` and \`junit.xml\` of the first round, without the dumps of requests and answers. The four
skips of v1.1.1 exclude other tests and happen on every registry.

\`\`\`
${renderTable(outcome)}
\`\`\`
`;
}
