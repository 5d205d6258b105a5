// config.example.yaml is what the schema says, and means the defaults.
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { exampleFile } from '../../../src/config/example-file.ts';
import { defaultSettings, loadSettings } from '../../../src/config/load.ts';
import { settings } from '../../../src/config/settings.ts';

const path = new URL('../../../config.example.yaml', import.meta.url);

describe('config.example.yaml', () => {
  it('is what `npm run config:example` writes', async () => {
    expect(await readFile(path, 'utf8')).toBe(exampleFile());
  });

  it('loads, and gives the defaults', async () => {
    expect(await loadSettings({ flags: [], environment: {}, file: path.pathname })).toEqual(defaultSettings());
  });

  it('shows every setting with its variable of the environment', () => {
    const text = exampleFile();
    for (const { name, environment } of settings) {
      expect(text).toMatch(new RegExp(`# ${environment}\\n *(?:# )?${name}:`));
    }
  });
});
