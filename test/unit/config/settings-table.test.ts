// The table of settings in docs/settings.md is what the schema says.
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { settingsTable } from '../../../src/config/settings-table.ts';

it('docs/settings.md has the table of settings as it is generated', async () => {
  const page = await readFile(new URL('../../../docs/settings.md', import.meta.url), 'utf8');
  const [table] = /^\| Key \|[\s\S]*?\n(?=\n)/m.exec(page) ?? [];
  expect(table).toBe(settingsTable());
});
