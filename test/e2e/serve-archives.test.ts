// `moorage serve DIR` of a directory of archives, as a stick that was carried to a site is: what is on it, what comes and goes.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeLayout } from '../support/fixture-layouts.ts';
import { runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';

/** A directory `usb` with app-1.2.tar.gz, site/web.tar and notes.txt; `archive.tar` lies beside it. */
async function stick() {
  const directory = await scratchDirectory();
  writeLayout(join(directory, 'layout'), 'generated/oras/tagged');
  mkdirSync(join(directory, 'usb/site'), { recursive: true });
  execFileSync('tar', ['-cf', join(directory, 'archive.tar'), '-C', join(directory, 'layout'), '.']);
  execFileSync('tar', ['-czf', join(directory, 'usb/app-1.2.tar.gz'), '-C', join(directory, 'layout'), '.']);
  copyFileSync(join(directory, 'archive.tar'), join(directory, 'usb/site/web.tar'));
  writeFileSync(join(directory, 'usb/notes.txt'), 'for Tuesday');
  const environment = { XDG_CACHE_HOME: join(directory, 'cache') };
  return { directory, environment };
}

async function served() {
  const { directory, environment } = await stick();
  const moorage = await startMoorage(['serve', './usb', '--listen', '127.0.0.1:0'], { directory, environment });
  const { url, port } = await moorage.ready();
  const repositories = async () =>
    ((await (await fetch(`${url}/v2/_catalog`)).json()) as { repositories: string[] }).repositories;
  const status = async (path: string, method = 'GET') => (await fetch(`${url}/v2/${path}`, { method })).status;
  const soon = (names: readonly string[]) => expect.poll(repositories, { timeout: 60_000 }).toEqual(names);
  return { directory, moorage, port, repositories, status, soon };
}

describe('a directory of archives', () => {
  it('is listed at the start, pulled from, and takes no pushes', async () => {
    const { moorage, port, repositories, status } = await served();
    expect(await repositories()).toEqual(['app-1.2', 'site/web']);
    expect(await status('app-1.2/manifests/v1')).toBe(200);
    expect(await status('new/blobs/uploads/', 'POST')).toBe(403);
    await expect.poll(() => moorage.stdout, { timeout: 60_000 }).toContain(`localhost:${port}/site/web:v1\n`);
    expect(moorage.stdout).toContain('(2 archives)');
    expect(moorage.stdout).not.toContain('holds no image layout');
  });

  it('keeps nothing unpacked of one that went', async () => {
    const { directory, repositories } = await served();
    const unpacked = () => readdirSync(join(directory, 'cache/moorage/unpacked'));
    expect(unpacked()).toHaveLength(1);
    rmSync(join(directory, 'usb/app-1.2.tar.gz'));
    await expect.poll(unpacked, { timeout: 60_000 }).toEqual([]);
    await expect.poll(repositories, { timeout: 60_000 }).toEqual(['site/web']);
  });

  it('shows what comes, goes and is changed while it runs, and nothing half', async () => {
    const { directory, status, repositories, soon } = await served();
    const archive = join(directory, 'archive.tar');
    // A copy that stopped in the middle stays hidden, however long it takes.
    copyFileSync(archive, join(directory, 'usb/new.tar'));
    truncateSync(join(directory, 'usb/new.tar'), Math.floor(readFileSync(archive).byteLength / 2));
    copyFileSync(archive, join(directory, 'usb/second.tar'));
    await soon(['app-1.2', 'second', 'site/web']);
    expect(await status('new/manifests/v1')).toBe(404);
    copyFileSync(archive, join(directory, 'usb/new.tar'));
    rmSync(join(directory, 'usb/site/web.tar'));
    await soon(['app-1.2', 'new', 'second']);
    expect(await status('new/manifests/v1')).toBe(200);
    expect(await status('site/web/manifests/v1')).toBe(404);
    // Another archive in its place.
    writeLayout(join(directory, 'other'), 'generated/docker/save');
    execFileSync('tar', ['-cf', join(directory, 'other.tar'), '-C', join(directory, 'other'), '.']);
    renameSync(join(directory, 'other.tar'), join(directory, 'usb/second.tar'));
    const indexes = () => readFileSync(join(directory, 'other/index.json'), 'utf8');
    const [{ digest }] = (JSON.parse(indexes()) as { manifests: [{ digest: string }] }).manifests;
    await expect.poll(() => status(`second/manifests/${digest}`), { timeout: 60_000 }).toBe(200);
    expect(await repositories()).toContain('second');
  });

  it('is what ls, tree, inspect, import and export take as well', async () => {
    const options = await stick();
    const listed = await runMoorage(['ls', './usb', '--quiet'], options);
    expect(listed.stdout.split('\n').filter((line) => line !== '')).toEqual(
      expect.arrayContaining(['app-1.2:v1', 'site/web:v1']),
    );
    expect((await runMoorage(['tree', './usb/site/web:v1'], options)).code).toBe(0);
    const imported = await runMoorage(['import', './usb', 'team'], options);
    expect(imported).toMatchObject({ code: 0, stdout: expect.stringContaining('site/web:v1 -> team/site/web:v1') });
    expect((await runMoorage(['export', './usb/app-1.2:v1', 'out.tar'], options)).code).toBe(0);
    expect((await runMoorage(['inspect', './usb'], options)).code).toBe(0);
    truncateSync(join(options.directory, 'usb/site/web.tar'), 600);
    const inspected = await runMoorage(['inspect', './usb'], options);
    expect(inspected).toMatchObject({ code: 1, stdout: expect.stringMatching(/archive-unreadable\n +site\/web\.tar/) });
  });
});
