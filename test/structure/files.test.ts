// The shape of the source files: what each is, before its first import; small; and unit tests where their sources are.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectDirectory, sourceFiles } from './source-files.ts';

const files = sourceFiles().map(({ path, text }) => ({ path, text, lines: text.split('\n').length - 1 }));

describe('source files', () => {
  it('open with a sentence that says what they are', () => {
    const first = files.filter(({ path }) => path !== 'main.ts');
    expect(first.filter(({ text }) => !text.startsWith('// ')).map(({ path }) => path)).toEqual([]);
  });

  it('have at most 350 lines, half of them at most 80', () => {
    expect(files.filter(({ lines }) => lines > 350).map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
    const sorted = files.map(({ lines }) => lines).sort((one, other) => one - other);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(80);
  });

  it('have their unit tests in a folder of the same name', () => {
    const unit = join(projectDirectory, 'test/unit');
    const tests = readdirSync(unit, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
    // Of test/interop, test/torture, test/fuzz and conformance, which are no sources.
    const ours = tests.filter((name) => !/^(?:interop|torture|fuzz|conformance)\//.test(name));
    const folders = [...new Set(ours.map((name) => dirname(name)))];
    expect(folders.filter((folder) => !existsSync(join(projectDirectory, 'src', folder)))).toEqual([]);
  });
});
