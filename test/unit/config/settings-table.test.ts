// The README's table of settings is what the schema says.
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { settingsTable } from '../../../src/config/settings-table.ts';

it('README.md has the table of settings as it is generated', async () => {
  const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
  const [table] = /^\| Key \|[\s\S]*?\n(?=\n)/m.exec(readme) ?? [];
  expect(table).toBe(settingsTable());
});
