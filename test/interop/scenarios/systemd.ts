// The unit of docs/recipes.md, as systemd itself judges it. The commands of the pages are run by test/documents.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expectThat } from '../expect.ts';
import type { Lab, Scenario } from '../lab.ts';
import { projectFile } from '../project-files.ts';

export const systemdUnit: Scenario = async (lab) => {
  if (lab.executable('systemd-analyze') === undefined)
    lab.checks.notApplicable('systemd', 'the unit of docs/recipes.md', 'systemd is not installed');
  else await lab.checks.check('systemd', 'the unit of docs/recipes.md', () => verifyUnit(lab));
};

/** With the programs where they are here. Its warnings count: they name settings that it ignores. */
async function verifyUnit(lab: Lab): Promise<undefined> {
  const directory = join(lab.scratch, 'systemd');
  await mkdir(directory, { recursive: true });
  const path = join(directory, 'moorage.service');
  const unit = unitOf(await readFile(projectFile('docs/recipes.md'), 'utf8'));
  await writeFile(path, unit.replace('/usr/bin/node', process.execPath).replace('/opt/moorage', projectFile('.')));
  const said = await lab.run('sh', ['-c', 'systemd-analyze verify "$0" 2>&1', path]);
  expectThat(!said.includes('moorage.service'), said);
  return undefined;
}

function unitOf(page: string): string {
  const [, section = ''] = page.split('\n## systemd\n');
  const [, unit] = /^```ini\n(.*?)^```$/ms.exec(section.split('\n## ')[0] ?? '') ?? [];
  if (unit === undefined) throw new Error('docs/recipes.md has no unit below "systemd"');
  return unit;
}
