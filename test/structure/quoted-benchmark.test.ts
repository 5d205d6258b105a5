// docs/performance.md quotes the kept benchmark: what it loses to other registries first, each loss, and in the figures of the report.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { keptRatios } from '../../bench/report/kept.ts';
import { lostTo, quotedLoss } from '../../bench/report/quoted-losses.ts';
import { projectFile } from '../interop/project-files.ts';

const page = readFileSync(projectFile('docs/performance.md'), 'utf8');

it('says each loss of the kept report, the worst first', () => {
  const losses = lostTo(keptRatios(projectFile('bench/results/latest.md')));
  const lines = losses.map(quotedLoss);
  expect(lines.length).toBeGreaterThan(0);
  const [, after = ''] = page.split('\n## Speed\n');
  const [section = ''] = after.split('\n## ');
  const said = section.split('\n').filter((line) => / of (?:olareg|distribution|zot|crane) \|$/.test(line));
  expect(said).toEqual(lines);
});
