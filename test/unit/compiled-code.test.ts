// Where compiled code is kept: what lies there is run.
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { keepCompiledCode } from '../../src/compiled-code.ts';

function keptIn(environment: Readonly<Record<string, string>>): readonly unknown[] {
  const directories: unknown[] = [];
  keepCompiledCode({ enableCompileCache: (directory: unknown) => directories.push(directory) }, environment);
  return directories;
}

describe('compiled code', () => {
  it('is kept in a directory of the user, and nowhere where there is none', () => {
    expect(keptIn({ HOME: '/home/anna' })).toEqual(['/home/anna/.cache/moorage/compiled']);
    expect(keptIn({ HOME: '/home/anna', XDG_CACHE_HOME: '/caches' })).toEqual(['/caches/moorage/compiled']);
    expect(keptIn({})).toEqual([]);
    expect(keptIn({ XDG_CACHE_HOME: '' })).toEqual([]);
  });

  it('is left to Node where somebody said where', () => {
    expect(keptIn({ HOME: '/home/anna', NODE_COMPILE_CACHE: '/elsewhere' })).toEqual([]);
  });

  it.each(['main.ts', 'server-worker.ts'])('of %s is kept there', async (name) => {
    const source = await readFile(new URL(`../../src/${name}`, import.meta.url), 'utf8');
    expect(source).toContain('keepCompiledCode(');
    expect(source).not.toContain('enableCompileCache(');
  });
});
