// `npm start` compiles when sources changed, and only then: scripts/build.mjs, in a project whose compiler notes that it ran.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { scratchDirectory } from './moorage-process.ts';

const run = promisify(execFile);
const scripts = fileURLToPath(new URL('../../scripts', import.meta.url));

/** Notes each run in `runs`; does what `compiler` says, if anything. */
const compiler = `
const { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs');
appendFileSync('runs', 'x');
mkdirSync('dist', { recursive: true });
if (existsSync('compiler')) eval(readFileSync('compiler', 'utf8'));
writeFileSync('dist/main.js', '');
`;

async function project() {
  const root = await scratchDirectory();
  const write = async (path: string, text: string) => {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), text);
  };
  await write('src/main.ts', 'one');
  await write('package.json', '{"engines": {"node": ">=20.19.0"}}');
  await write('node_modules/typescript/bin/tsc', compiler);
  await write('scripts/bundle.mjs', '');
  await write('scripts/build-page.mjs', '');
  await cp(join(scripts, 'build.mjs'), join(root, 'scripts/build.mjs'));
  const runs = () => readFile(join(root, 'runs'), 'utf8').catch(() => '');
  const builds = async (...args: string[]) => {
    const before = await runs();
    const built = await run(process.execPath, ['scripts/build.mjs', ...args], { cwd: root }).catch(() => undefined);
    return { compiled: (await runs()) !== before, failed: built === undefined };
  };
  return {
    write,
    remove: (path: string) => rm(join(root, path), { recursive: true }),
    /** What `npm run build` does. */
    build: () => builds('executable'),
    /** What `npm pack` does first. */
    buildClean: () => builds('--clean', 'executable'),
    holds: (path: string) => existsSync(join(root, path)),
    /** What `npm start` does first. */
    buildIfChanged: () => builds('--if-changed', 'executable'),
  };
}

const yes = { compiled: true, failed: false };
const no = { compiled: false, failed: false };

describe('a build that is wanted only if something changed', () => {
  it('happens once, and again for a source that was changed, added or removed', async () => {
    const { write, remove, buildIfChanged } = await project();
    expect([await buildIfChanged(), await buildIfChanged()]).toEqual([yes, no]);
    await write('src/main.ts', 'two');
    expect([await buildIfChanged(), await buildIfChanged()]).toEqual([yes, no]);
    await write('src/more/file.ts', '');
    expect([await buildIfChanged(), await buildIfChanged()]).toEqual([yes, no]);
    await remove('src/more');
    expect([await buildIfChanged(), await buildIfChanged()]).toEqual([yes, no]);
    await write('package.json', '{"version": "2", "engines": {"node": ">=20.19.0"}}');
    expect([await buildIfChanged(), await buildIfChanged()]).toEqual([yes, no]);
  });

  it('does not mind files that were written again as they were, and what is no source', async () => {
    const { write, buildIfChanged } = await project();
    await buildIfChanged();
    await write('src/main.ts', 'one');
    await write('README.md', 'read me');
    expect(await buildIfChanged()).toEqual(no);
  });

  it('happens when the last one failed, or was cut off, or what it made is gone', async () => {
    const { write, remove, buildIfChanged } = await project();
    await buildIfChanged();
    await write('src/main.ts', 'with a mistake');
    await write('compiler', 'process.exit(2)');
    const failed = { compiled: true, failed: true };
    expect([await buildIfChanged(), await buildIfChanged()]).toEqual([failed, failed]);
    await write('src/main.ts', 'one');
    await write('compiler', 'process.kill(process.pid, "SIGKILL")');
    expect(await buildIfChanged()).toEqual(failed);
    await remove('compiler');
    expect([await buildIfChanged(), await buildIfChanged()]).toEqual([yes, no]);
    await remove('dist');
    expect([await buildIfChanged(), await buildIfChanged()]).toEqual([yes, no]);
  });

  it('happens when a source was edited while the last one ran', async () => {
    const { write, remove, buildIfChanged } = await project();
    await write('compiler', `writeFileSync('src/main.ts', 'edited')`);
    expect(await buildIfChanged()).toEqual(yes);
    await remove('compiler');
    expect([await buildIfChanged(), await buildIfChanged()]).toEqual([yes, no]);
  });

  it('is unlike `npm run build`, which always compiles', async () => {
    const { build, buildIfChanged } = await project();
    expect([await build(), await buildIfChanged(), await build()]).toEqual([yes, no, yes]);
  });

  it('keeps what is there of sources that are gone, and a clean one does not', async () => {
    const { write, build, buildClean, holds } = await project();
    await write('dist/gone.js', '');
    await build();
    expect(holds('dist/gone.js')).toBe(true);
    expect(await buildClean()).toEqual(yes);
    expect([holds('dist/gone.js'), holds('dist/main.js')]).toEqual([false, true]);
  });
});
