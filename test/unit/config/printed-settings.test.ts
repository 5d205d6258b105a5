// Settings as they are printed are a file that means the same.
import { describe, expect, it } from 'vitest';
import { parseConfigFile } from '../../../src/config/config-file.ts';
import { combined } from '../../../src/config/load.ts';
import { effectiveSettings, printedSettings } from '../../../src/config/printed-settings.ts';
import { settings } from '../../../src/config/settings.ts';
import { goodValues } from './good-values.ts';

const nowhere = { flags: [], environment: {} };

describe('printed settings', () => {
  it('load, and give the defaults', async () => {
    const text = printedSettings(effectiveSettings([]));
    const again = combined(await parseConfigFile('m.yaml', text), nowhere);
    expect(again.settings).toEqual(combined({ written: [], problems: [] }, nowhere).settings);
  });

  it('load, and give what was written', async () => {
    const written = settings.flatMap(({ path }) => {
      const [value] = goodValues[path] ?? [];
      return [{ path, value, origin: 'm.yaml:1:1' }];
    });
    const text = printedSettings(effectiveSettings(written));
    const again = combined(await parseConfigFile('m.yaml', text), nowhere);
    const byPath = new Map(again.written.map(({ path, value }) => [path, value]));
    for (const { path, value } of written) expect(byPath.get(path), path).toEqual(value);
  });

  it('say where each comes from, and what is not set', () => {
    const origin = 'MOORAGE_LOG_LEVEL';
    const text = printedSettings(effectiveSettings([{ path: 'log.level', value: 'debug', origin }]));
    expect(text).toContain('\n  level: debug # MOORAGE_LOG_LEVEL\n');
    expect(text).toContain('\n  root: ./registry # default\n');
    expect(text).toContain('\n  # warning: not set\n');
  });

  it('quote what YAML would read as something else', () => {
    const text = printedSettings(effectiveSettings([{ path: 'server.warning', value: 'yes # or "no"', origin: 'x' }]));
    expect(text).toContain('warning: "yes # or \\"no\\"" # x\n');
  });
});

it('no setting is one for a secret: they are printed, and logged when they change', () => {
  const named = settings.filter(({ name }) => /password|secret|token|credential|apiKey/i.test(name));
  expect(named.map(({ path }) => path)).toEqual([]);
});
