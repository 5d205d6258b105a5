import { describe, expect, it } from 'vitest';
import { parseJunit, withoutDumps } from '../../../conformance/suites/junit.ts';

const report = (cases: string) => `<?xml version="1.0"?>
<testsuites time="1.0" tests="3" disabled="2">
  <testsuite name="a &amp; b" tests="3" failures="0">
${cases}
  </testsuite>
</testsuites>
`;

describe('parseJunit', () => {
  it('reads the counters of the outer element and the status of every case', () => {
    const { counts, testCases } = parseJunit(
      report(`<testcase name="it&#39;s &lt;fine&gt;" classname="" status="passed"></testcase>
        <testcase name="off" status="skipped"/>
        <testcase name="bad" status="failure"><system-err>x &lt;testcase name="no"&gt; y</system-err></testcase>`),
    );
    expect(counts).toMatchObject({ tests: '3', disabled: '2' });
    expect(testCases).toEqual([
      { name: "it's <fine>", status: 'passed' },
      { name: 'off', status: 'skipped' },
      { name: 'bad', status: 'failure' },
    ]);
  });

  it.each([
    ['<failure message="m"/>', 'failure'],
    ['<error>x</error>', 'error'],
    ['<skipped/>', 'skipped'],
    ['', 'passed'],
  ])('without a status attribute goes by the children: %j is %s', (children, status) => {
    const { testCases } = parseJunit(report(`<testcase name="a">${children}</testcase>`));
    expect(testCases).toEqual([{ name: 'a', status }]);
  });

  it.each(['', '<html></html>', report('<testcase name="a">').replace('</testsuites>', '')])(
    'refuses what is no whole report: %j',
    (xml) => {
      expect(() => parseJunit(xml)).toThrow(/junit.xml/);
    },
  );

  it('refuses a case that does not end', () => {
    expect(() => parseJunit(report('<testcase name="a">'))).toThrow(/does not end/);
  });
});

describe('withoutDumps', () => {
  it('takes the dumps away and leaves every case', () => {
    const dumped = report('<testcase name="a" status="passed">\n  <system-err>GET\n/</system-err>\n</testcase>');
    const small = withoutDumps(dumped);
    expect(small).not.toContain('GET');
    expect(parseJunit(small)).toEqual(parseJunit(dumped));
  });
});
