import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runSuite, suiteConfigurations } from '../../../conformance/suites/suite-run.ts';
import type { SuiteSource } from '../../../conformance/suites/suite-source.ts';

let scratch = '';

beforeEach(async () => {
  scratch = await mkdtemp(path.join(os.tmpdir(), 'moorage-suite-run-'));
});

afterEach(() => rm(scratch, { recursive: true }));

function configurationNamed(name: string) {
  const found = suiteConfigurations.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no configuration ${name}`);
  return found;
}

/** A suite that writes these files, whatever it is asked. */
function suiteWriting(files: Record<string, string>): SuiteSource {
  return {
    described: 'a suite made up',
    resultsPath: (directory) => directory,
    run: async (_env, directory) => {
      for (const [name, text] of Object.entries(files)) await writeFile(path.join(directory, name), text);
      return 'printed by the suite';
    },
  };
}

const run = (name: string, files: Record<string, string>, own = true) =>
  runSuite(suiteWriting(files), configurationNamed(name), 'http://127.0.0.1:1', path.join(scratch, 'results'), {
    own,
    env: {},
  });

const mainJunit = (attributes: string, cases = '') =>
  `<testsuites ${attributes}><testsuite name="x">${cases}</testsuite></testsuites>`;
const passingRows = 'apis:\n  Ping: Pass\ndata:\n  Image: Pass\n';

describe('runSuite on the main branch', () => {
  it('meets what is required with exactly the required numbers', async () => {
    const { totals, problems } = await run('main-1.1', {
      'junit.xml': mainJunit('tests="908" disabled="2"'),
      'results.yaml': passingRows,
    });
    expect(totals).toEqual({ passed: 906, failed: 0, errors: 0, skipped: 0, disabled: 2 });
    expect(problems).toEqual([]);
  });

  it.each([
    ['fewer passes', 'tests="1031"', passingRows, /1031 passed, required 1032/],
    ['a skip', 'tests="1032" skipped="1"', passingRows, /1 skipped, required 0/],
    ['a row that failed', 'tests="1032"', 'apis:\n  Ping: FAIL\ndata: {}\n', /Ping: FAIL/],
    ['results without rows', 'tests="1032"', 'config: {}\n', /no apis or data/],
  ])('reports %s', async (_what, attributes, rows, problem) => {
    const { problems } = await run('main-dev', { 'junit.xml': mainJunit(attributes), 'results.yaml': rows });
    expect(problems.join('\n')).toMatch(problem);
  });

  it('names the cases that failed, also on a registry that need not reach the numbers', async () => {
    const cases = '<testcase name="post only" status="failure"></testcase>';
    const files = { 'junit.xml': mainJunit('tests="10" failures="1"', cases), 'results.yaml': passingRows };
    expect((await run('main-dev', files, false)).problems).toEqual(['failure: post only']);
  });

  it('does not take a suite that wrote nothing for one that passed', async () => {
    const { problems } = await run('main-dev', {});
    expect(problems[0]).toMatch(/no readable results/);
    expect(problems).toContain('printed by the suite');
  });
});

describe('runSuite on v1.1.1', () => {
  const prefix = 'OCI Distribution Conformance Tests ';
  const { unavoidableSkips } = configurationNamed('v1.1.1');
  const passes = Array.from({ length: 75 }, (_, at) => `<testcase name="${prefix}test ${at}" status="passed"/>`);
  const skip = (name: string) => `<testcase name="${prefix}${name}" status="skipped"/>`;
  const reporter = '<testcase name="html custom reporter" status="passed"/>';

  it('counts 75 passes and the four skips that exclude others, not the reporter', async () => {
    const junit = mainJunit('tests="80"', [...passes, ...unavoidableSkips.map(skip), reporter].join(''));
    const { totals, problems } = await run('v1.1.1', { 'junit.xml': junit });
    expect(totals).toEqual({ passed: 75, failed: 0, errors: 0, skipped: 4, disabled: 0 });
    expect(problems).toEqual([]);
  });

  it('reports a skip that is not one of the four', async () => {
    const others = [...unavoidableSkips.slice(1), 'Push Teardown'];
    const junit = mainJunit('tests="80"', [...passes, ...others.map(skip)].join(''));
    const { problems } = await run('v1.1.1', { 'junit.xml': junit });
    expect(problems).toEqual([`skipped: ${prefix}Push Teardown`]);
  });
});
