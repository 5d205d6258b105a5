// A Node that is too old for the program is told so in one line, by the executable and by the build that `npm start` begins with.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { scratchDirectory } from './moorage-process.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a script as if by a Node of that version. */
async function runBy(version: string, ...args: readonly string[]) {
  const preload = join(await scratchDirectory(), 'version.cjs');
  const versions = `{ ...process.versions, node: ${JSON.stringify(version)} }`;
  await writeFile(preload, `Object.defineProperty(process, 'versions', { value: ${versions} });`);
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, ['--require', preload, ...args], { cwd: repository }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

async function floor(): Promise<readonly [major: number, minor: number]> {
  const { engines } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  const [, major, minor] = /^>=(\d+)\.(\d+)\.0$/.exec(engines.node) ?? [];
  return [Number(major), Number(minor)];
}

describe('a Node below the floor of package.json', () => {
  it.each([['dist/main.js', '--version'], ['scripts/build.mjs']])('is refused by %s in one line', async (...script) => {
    const [major, minor] = await floor();
    for (const version of [`${major}.${minor - 1}.9`, `${major - 2}.99.0`, '9.0.0']) {
      expect(await runBy(version, ...script)).toEqual({
        code: 1,
        stdout: '',
        stderr: `moorage needs Node ${major}.${minor} or newer, and this is Node ${version}\n`,
      });
    }
  });

  it('is none that is newer', async () => {
    const [major, minor] = await floor();
    for (const version of [`${major}.${minor}.0`, `${major + 1}.0.0`, '100.0.0']) {
      expect(await runBy(version, 'dist/main.js', '--version')).toMatchObject({ code: 0, stderr: '' });
      expect(await runBy(version, 'scripts/build.mjs')).toMatchObject({ code: 0, stderr: '' });
    }
  });

  it('can read the file that refuses it: no syntax that came after Node 12', async () => {
    const executable = await readFile(join(repository, 'dist/main.js'), 'utf8');
    expect(executable).not.toMatch(/^(?:import |const .*await |await )|\?\.|\?\?|\|\|=|#\w+ =/m);
  });
});
