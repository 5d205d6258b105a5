// The JSON Schema of the configuration file: as it is kept beside the example, and of one mind with the loader.
import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ConfigError } from '../../../src/config/config-error.ts';
import { parseConfigFile } from '../../../src/config/config-file.ts';
import { exampleFile } from '../../../src/config/example-file.ts';
import { configJsonSchema, configJsonSchemaText } from '../../../src/config/json-schema.ts';
import { combined } from '../../../src/config/load.ts';
import { settings } from '../../../src/config/settings.ts';
import { goodValues } from './good-values.ts';

const isValid = new Ajv({ strict: false, allErrors: true }).compile(configJsonSchema());

/** What is wrong, by the schema. */
function problemsBySchema(text: string): readonly string[] {
  return isValid(parse(text))
    ? []
    : (isValid.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

async function isLoaded(text: string): Promise<boolean> {
  try {
    combined(await parseConfigFile('m.yaml', text), { flags: [], environment: {} });
    return true;
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}

const fileWith = (path: string, value: unknown) =>
  path.split('.').reduceRight((within: unknown, name) => ({ [name]: within }), value);

describe('config.schema.json', () => {
  it('is what `npm run config:example` writes', async () => {
    expect(await readFile(new URL('../../../config.schema.json', import.meta.url), 'utf8')).toBe(
      configJsonSchemaText(),
    );
  });

  it('is named by the first line of the example', () => {
    expect(exampleFile()).toMatch(/^# yaml-language-server: \$schema=\.\/config\.schema\.json\n/);
  });
});

describe('the schema of the configuration', () => {
  it('takes the example, and the defaults in it are those of the loader', async () => {
    expect(problemsBySchema(exampleFile())).toEqual([]);
    expect(await isLoaded(exampleFile())).toBe(true);
  });

  it('has each setting, with its description and its default', () => {
    for (const { path, description, byDefault } of settings) {
      const keys = path.split('.').flatMap((name) => ['properties', name]);
      const form = keys.reduce((within: unknown, key) => (within as Record<string, unknown>)[key], configJsonSchema());
      expect(form, path).toMatchObject({ description: expect.stringContaining(description) });
      if (byDefault !== undefined) expect(form, path).toHaveProperty('default');
    }
  });

  it.each(settings.map(({ path }) => path))('takes what the loader takes for %s', async (path) => {
    const values = goodValues[path] ?? [];
    expect(values, `${path} has no values in good-values.ts`).not.toEqual([]);
    for (const value of values) {
      const text = JSON.stringify(fileWith(path, value));
      expect(problemsBySchema(text), text).toEqual([]);
      expect(await loaderProblems(text, path), text).toEqual([]);
    }
  });

  it.each([
    ['an unknown section', 'serve: {}'],
    ['an unknown key', 'server: {port: 5000}'],
    ['an unknown key of a section within', 'server: {tls: {cert: a}}'],
    ['a word that is none of a choice', 'log: {level: loud}'],
    ['a number for a text', 'storage: {root: 7}'],
    ['a size without a unit', 'manifests: {maxSize: "8"}'],
    ['a size as a bare number', 'manifests: {maxSize: 8000000}'],
    ['a duration of another unit', 'gc: {grace: 3 fortnights}'],
    ['neither true nor false', 'deletes: {enabled: perhaps}'],
    ['no limit', 'limits: {requests: 0}'],
    ['a word beside a number', 'limits: {requests: some}'],
    ['too many workers', 'server: {workers: 1000}'],
    ['a mode without quotes', 'storage: {fileMode: 644}'],
    ['rules that are no list', 'access: {who: anna}'],
    ['a right that there is not', 'access: [{who: anna, may: fly}]'],
    ['a key that no rule has', 'retention: [{keepForever: true}]'],
    ['an age that is none', 'retention: [{keepPulledWithin: long}]'],
    ['a group that is no list', 'auth: {groups: {team: {anna: true}}}'],
    ['a quota that is no size', 'quota: {team: lots}'],
    [
      'a claim without a pattern',
      'auth: {issuers: [{issuer: "https://a.example", audience: a, users: [{user: b, claims: 3}]}]}',
    ],
    ['a section that is a text', 'server: here'],
    ['a list of settings', '- server'],
  ])('refuses what the loader refuses: %s', async (_what, text) => {
    expect(problemsBySchema(text)).not.toEqual([]);
    expect(await isLoaded(text)).toBe(false);
  });
});

/** Only those of the setting itself: some mean something only together with another one. */
async function loaderProblems(text: string, path: string): Promise<readonly string[]> {
  try {
    combined(await parseConfigFile('m.yaml', text), { flags: [], environment: {} });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ message }) => message).filter((message) => message.startsWith(`${path}: `));
  }
}
