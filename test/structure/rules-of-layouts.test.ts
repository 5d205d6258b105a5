// The rules of layouts come from the schema of settings, whole, and nothing else knows what holds when nobody has set one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { defaultSettings } from '../../src/config/load.ts';
import { layoutRulesOf } from '../../src/config/schema.ts';
import type { LayoutRules } from '../../src/registry/layout-rules.ts';
import { projectDirectory, sourceFiles } from './source-files.ts';

const rules = layoutRulesOf(defaultSettings());
const names = Object.keys(rules);
/** Where a rule may be said to be another one, with its reason. */
const adapted = 'registry/layout-rules.ts';
/** Where one may be named and need not: options of the library, and the flag --scan. Both go through the schema. */
const asked = ['index.ts', 'cli/open-options.ts'];
const files = sourceFiles().filter(({ path }) => !path.startsWith('config/'));

const literal = `(?:'[^']*'|true|false|\\d[\\d_]*)`;

function uses(pattern: (name: string) => RegExp, except: readonly string[] = []): readonly string[] {
  return files
    .filter(({ path }) => !except.includes(path))
    .flatMap(({ path, text }) => names.filter((name) => pattern(name).test(text)).map((name) => `${path}: ${name}`));
}

describe('the rules of layouts', () => {
  it('are what the schema gives, each of them, and no other', () => {
    expectTypeOf<ReturnType<typeof layoutRulesOf>>().toExtend<LayoutRules>();
    expectTypeOf<keyof ReturnType<typeof layoutRulesOf>>().toEqualTypeOf<keyof LayoutRules>();
  });

  it('cannot be left out: a rule that may be absent is one with a default somewhere else', () => {
    expectTypeOf<Required<LayoutRules>>().toEqualTypeOf<LayoutRules>();
    const undefinedOnes = names.filter((name) => rules[name as keyof typeof rules] === undefined);
    expect(undefinedOnes).toEqual([]);
    expect(uses((name) => new RegExp(`\\b${name}\\?:`), asked)).toEqual([]);
  });

  it('have no default where they are taken', () => {
    expect(uses((name) => new RegExp(`[{,(]\\s*${name}\\s*=[^=>]`))).toEqual([]);
    expect(uses((name) => new RegExp(`\\b${name}\\s*(?:\\?\\?|\\|\\|)\\s*${literal}`))).toEqual([]);
  });

  it('are set to nothing of its own by any other file', () => {
    const set = (name: string) => new RegExp(`^(?!\\s*readonly\\b).*\\b${name}: ${literal}(?!\\s*\\|)`, 'm');
    expect(uses(set, [adapted])).toEqual([]);
  });

  it('are all explained in docs/settings.md', () => {
    const page = readFileSync(join(projectDirectory, 'docs/settings.md'), 'utf8');
    // As uploads.expireAfter, gc.grace, gc.every, quota, limits.uploads and limits.unfinished.
    const others = [
      'uploadsExpireAfterMs',
      'keepLeftMs',
      'collection',
      'quotas',
      'uploadsPerUser',
      'unfinishedBytesPerUser',
    ];
    const written = names.filter((name) => !others.includes(name));
    expect(written.filter((name) => !new RegExp(`\\.${name}\\b|\\b${name}\\.|\`${name}\``).test(page))).toEqual([]);
  });
});
