// `moorage gc` and `moorage du` as a user runs them, and a server that collects by itself.
import { existsSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../src/oci/digest.ts';
import { blobOf, type Content, imageManifest } from '../support/content.ts';
import { writeLayout } from '../support/fixture-layouts.ts';
import { runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';

const base = blobOf('b'.repeat(2_000));
const image = imageManifest({ layers: [base, blobOf('a'.repeat(1_000))] });
const other = imageManifest({ layers: [base], annotations: { other: 'image' } });

async function push(url: string, name: string, { config, layers, bytes, descriptor }: typeof image, tag: string) {
  for (const blob of [config, ...layers]) {
    const body = new Uint8Array(blob.bytes);
    const answer = await fetch(`${url}/v2/${name}/blobs/uploads/?digest=${blob.digest}`, { method: 'POST', body });
    expect(answer.status).toBe(201);
  }
  const headers = { 'Content-Type': descriptor.mediaType };
  const request = { method: 'PUT', headers, body: new Uint8Array(bytes) };
  expect((await fetch(`${url}/v2/${name}/manifests/${tag}`, request)).status).toBe(201);
}

const remove = (url: string, name: string, digest: Digest) =>
  fetch(`${url}/v2/${name}/manifests/${digest}`, { method: 'DELETE' });
const fileOf = (directory: string, { digest }: Pick<Content, 'digest'>) =>
  join(directory, 'registry/team/app/blobs', digest.replace(':', '/'));

describe('moorage gc', () => {
  it('deletes beside a server what nothing leads to, says each with its reason, and leaves the rest', {
    timeout: 600_000,
  }, async () => {
    const directory = await scratchDirectory();
    const server = await startMoorage(['--root', 'registry', '--listen', '127.0.0.1:0'], { directory });
    const { url } = await server.ready();
    await push(url, 'team/app', image, 'v1');
    await push(url, 'team/app', other, 'v2');
    await remove(url, 'team/app', image.digest);
    const gc = (...args: string[]) => runMoorage(['gc', '--root', 'registry', ...args], { directory });

    // Young, and told to be there.
    expect((await gc()).stdout).toMatch(/^freed 0 B: 0 manifests, 0 blobs, 0 uploads; kept 2\.\d+ kB|^freed 0 B/m);
    const layer = image.layers[1] as Content;
    const dry = await gc('--grace', '0s', '--dry-run');
    expect(dry.stdout).toContain(
      `would delete blob ${layer.digest.slice(0, 19)} of team/app (1.00 kB): no manifest needs it\n`,
    );
    expect(dry.stdout).toMatch(/^would free 1\.\d+ kB: 1 manifest, 1 blob, 0 uploads; kept 2\.\d+ kB$/m);
    expect(existsSync(fileOf(directory, layer))).toBe(true);
    const { stdout: json } = await gc('--grace', '0s', '--dry-run', '--json', 'team/app');
    expect(JSON.parse(json)).toMatchObject({
      dryRun: true,
      skipped: [],
      freedBytes: 1_000 + image.bytes.byteLength,
      deleted: [{ digest: layer.digest }, { digest: image.digest }],
    });

    const done = await gc('--grace', '0s');
    expect(done.stdout).toMatch(/^deleted blob .*no manifest needs it$/m);
    expect(done.stdout).toMatch(/^freed 1\.\d+ kB: 1 manifest, 1 blob, 0 uploads; kept 2\.\d+ kB$/m);
    expect(done.stdout).toBe(dry.stdout.replaceAll('would delete', 'deleted').replace('would free', 'freed'));
    expect(done.code).toBe(0);
    expect(existsSync(fileOf(directory, layer))).toBe(false);
    expect(existsSync(join(directory, 'registry/.moorage/pool', layer.digest.replace(':', '/')))).toBe(false);
    const pulled = await fetch(`${url}/v2/team/app/blobs/${base.digest}`);
    expect(Buffer.from(await pulled.arrayBuffer()).equals(base.bytes)).toBe(true);

    const { stdout: use } = await runMoorage(['du', '--root', 'registry'], { directory });
    expect(use).toMatch(/^team\/app +2\.\d+ kB +0 B +3$/m);
    expect(use).toMatch(/^nothing leads to: 0 B$/m);
    expect(use).toMatch(/^free on the disk: /m);

    const removed = await runMoorage(['rm', 'team/app', '--all', '--root', 'registry'], { directory });
    expect(removed.code).toBe(0);
    const catalog = async () => (await fetch(`${url}/v2/_catalog`)).json();
    expect(await catalog()).toEqual({ repositories: [] });
    expect((await gc('--grace', '0s')).stdout).toContain('deleted repository team/app: nothing is left in it\n');
    expect(existsSync(join(directory, 'registry/team/app'))).toBe(false);
    expect((await runMoorage(['du', '--root', 'registry'], { directory })).stdout).not.toContain('team/app');
    // The server that had it open takes it anew.
    await push(url, 'team/app', image, 'v3');
    expect(await catalog()).toEqual({ repositories: ['team/app'] });
    expect(await (await fetch(`${url}/v2/team/app/tags/list`)).json()).toMatchObject({ tags: ['v3'] });
  });

  it('of a directory of others deletes what is old alone, and fails where it does not understand', async () => {
    const directory = await scratchDirectory();
    writeLayout(join(directory, 'images/good'), 'generated/oras/referrers');
    writeLayout(join(directory, 'images/odd'), 'generated/odd/unknown-mediatype');
    const garbage = blobOf('garbage');
    for (const layout of ['good', 'odd'])
      writeFileSync(join(directory, 'images', layout, 'blobs', garbage.digest.replace(':', '/')), garbage.bytes);
    const young = await runMoorage(['gc', 'images', '--dry-run'], { directory });
    expect(young.stdout).toMatch(/^would free 0 B/m);
    expect(readdirSync(join(directory, 'images'))).toEqual(['good', 'odd']);
    const { code, stdout } = await runMoorage(['gc', 'images', '--grace', '0s'], { directory });
    expect(stdout).toMatch(/^deleted blob .* of good/m);
    expect(stdout).toMatch(/^left odd as it is: .*unknown type/m);
    expect(code).toBe(1);
    expect(existsSync(join(directory, 'images/odd/blobs', garbage.digest.replace(':', '/')))).toBe(true);
    expect((await runMoorage(['gc', 'nowhere/app', '--root', 'images'], { directory })).code).toBe(1);
  });

  it('a NAME with --root is never a directory here, and what may be either is refused', async () => {
    const directory = await scratchDirectory();
    const garbage = blobOf('garbage');
    const roots = ['registry', '.'].map((root) => join(directory, root, 'app'));
    for (const layout of roots) {
      writeLayout(layout, 'generated/oras/referrers');
      writeFileSync(join(layout, 'blobs', garbage.digest.replace(':', '/')), garbage.bytes);
    }
    const has = () => roots.map((layout) => existsSync(join(layout, 'blobs', garbage.digest.replace(':', '/'))));
    for (const refused of [
      ['gc', 'app', '--grace', '0s'],
      ['rm', 'app', '--all'],
      ['rollback', 'app:v1'],
      ['verify', 'app', '--repair'],
    ]) {
      const { code, stderr } = await runMoorage(refused, { directory });
      expect(stderr).toContain('"app" is a directory here, and ./registry has one as well: write ./app for');
      expect(code).toBe(2);
    }
    expect(has()).toEqual([true, true]);
    expect((await runMoorage(['gc', 'app', '--root', 'registry', '--grace', '0s'], { directory })).code).toBe(0);
    expect(has()).toEqual([false, true]);
    // Which has no such repository: what only reads takes the directory here.
    const elsewhere = ['--root', directory.replace(/\/[^/]*$/, '')];
    expect((await runMoorage(['ls', 'app', ...elsewhere], { directory })).code).toBe(0);
    const none = await runMoorage(['gc', 'app', ...elsewhere, '--grace', '0s'], { directory });
    expect(none.stderr).toContain('write ./app for the directory here');
    expect(none.code).toBe(1);
    expect((await runMoorage(['gc', './app', '--root', 'registry', '--grace', '0s'], { directory })).code).toBe(0);
    expect(has()).toEqual([false, false]);
  });

  it('leaves no file of ours where nothing is to do, and says what is in the way of one', {
    timeout: 600_000,
  }, async () => {
    const directory = await scratchDirectory();
    mkdirSync(join(directory, 'empty'));
    writeLayout(join(directory, 'images/app'), 'generated/oras/referrers');
    for (const command of [['gc', '--grace', '0s'], ['du'], ['verify']]) {
      for (const place of ['./empty', './images', './images/app']) await runMoorage([...command, place], { directory });
      await runMoorage([...command, '--root', 'images'], { directory });
    }
    const all = readdirSync(directory, { recursive: true }).map(String);
    expect(all.filter((name) => name.includes('.moorage'))).toEqual([]);
    mkdirSync(join(directory, 'images/.moorage'));
    symlinkSync('/etc/hostname', join(directory, 'images/.moorage/format'));
    const { code, stderr } = await runMoorage(['gc', '--root', 'images', '--grace', '0s'], { directory });
    expect(stderr).toContain('moorage: .moorage/format is not a regular file: remove it, and moorage writes its own\n');
    expect(stderr.match(/treated as absent/g)).toHaveLength(1);
    expect(code).toBe(1);
  });

  it.each(['gc', 'du', 'verify', 'ls'])(
    '%s of a root that is not there fails with 1, and makes none',
    async (command) => {
      const directory = await scratchDirectory();
      const { code, stderr } = await runMoorage([command, '--root', 'none'], { directory });
      expect(stderr).toContain('there is no none here');
      expect(code).toBe(1);
      expect(readdirSync(directory)).toEqual([]);
    },
  );

  it.each([
    ['gc', 'nope'],
    ['rm', 'nope:v1'],
    ['rollback', 'nope:v1'],
  ])('%s of what is not there (%s) leaves no file of ours', async (...mistake) => {
    const directory = await scratchDirectory();
    mkdirSync(join(directory, 'empty'));
    const { code, stderr } = await runMoorage([...mistake, '--root', 'empty'], { directory });
    expect(code).toBe(1);
    expect(stderr).toContain('moorage: ');
    // Else the next server would take it for a root that moorage created.
    expect(readdirSync(join(directory, 'empty'))).toEqual([]);
  });
});

describe('a server', () => {
  it('collects by itself, and puts back at its start what a killed collection had taken out', {
    timeout: 600_000,
  }, async () => {
    const directory = await scratchDirectory();
    const environment = { MOORAGE_GC_EVERY: '1s', MOORAGE_GC_GRACE: '1s' };
    const start = () => startMoorage(['--root', 'registry', '--listen', '127.0.0.1:0'], { directory, environment });
    const server = await start();
    const { url } = await server.ready();
    await push(url, 'team/app', image, 'v1');
    await push(url, 'team/app', other, 'v2');
    await remove(url, 'team/app', image.digest);
    const layer = image.layers[1] as Content;
    await expect.poll(() => existsSync(fileOf(directory, layer)), { timeout: 60_000 }).toBe(false);
    await server.says(/collected what nothing leads to/);
    server.signal('SIGKILL');
    await server.exited;
    const trash = join(directory, 'registry/.moorage/trash/team/app/blobs/sha256');
    mkdirSync(trash, { recursive: true });
    renameSync(fileOf(directory, base), join(trash, base.digest.slice(7)));
    const again = await start();
    const next = await again.ready();
    await expect.poll(() => existsSync(fileOf(directory, base)), { timeout: 60_000 }).toBe(true);
    expect((await fetch(`${next.url}/v2/team/app/blobs/${base.digest}`)).status).toBe(200);
  });
});
