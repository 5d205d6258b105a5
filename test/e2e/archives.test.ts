// Archives as people have them: compressed by anything, made with --sparse, damaged; and a cache that cannot be used.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeLayout } from '../support/fixture-layouts.ts';
import { tarOf } from '../unit/storage/archive/tar-writer.ts';
import { runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';

/** ./images, a layout of one image, and ./NAME made of it by tar with these arguments. */
async function machine(name?: string, ...made: readonly string[]) {
  const directory = await scratchDirectory();
  mkdirSync(join(directory, 'images'));
  writeLayout(join(directory, 'images'), 'recorded/regctl/referrers');
  if (name !== undefined)
    execFileSync('tar', [...made, '-cf', join(directory, name), '-C', join(directory, 'images'), '.']);
  const environment = { XDG_CACHE_HOME: join(directory, 'cache') };
  const moorage = (...args: string[]) => runMoorage(args, { directory, environment });
  const serve = (...args: string[]) =>
    startMoorage(['serve', ...args, '--listen', '127.0.0.1:0'], { directory, environment });
  return { directory, moorage, serve };
}

describe('an archive', () => {
  it.each([
    ['images.tar.xz', ['--xz']],
    ['images.tar.bz2', ['--bzip2']],
    ['images.tar', ['--sparse', '--format=posix']],
  ])('%s is served', async (name, made) => {
    const { serve } = await machine(name, ...made);
    const server = await serve(name);
    const { url } = await server.ready();
    const manifest = await fetch(`${url}/v2/images/manifests/v1`);
    expect(manifest.status).toBe(200);
    const { config } = (await manifest.json()) as { config: { digest: string } };
    expect((await fetch(`${url}/v2/images/blobs/${config.digest}`)).status).toBe(200);
  });

  it('that has to be unpacked keeps whoever looks at it waiting, who is told', async () => {
    const { moorage } = await machine('images.tgz', '--gzip');
    const first = await moorage('ls', 'images.tgz');
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('images') });
    expect(first.stderr).toMatch(
      /^note: unpacking an archive, once; path: \S+images\.tgz; into: \S+cache\S+; bytes: \d+\n$/,
    );
    expect((await moorage('ls', 'images.tgz')).stderr).toBe('');
  });

  it('that has to be unpacked where nothing can be written says where it could be', async () => {
    const { directory } = await machine('images.tgz', '--gzip');
    writeFileSync(join(directory, 'file'), '');
    const environment = { XDG_CACHE_HOME: join(directory, 'file') };
    const { code, stderr } = await runMoorage(['ls', 'images.tgz'], { directory, environment });
    expect(code).toBe(1);
    expect(stderr).toMatch(/images\.tgz must be unpacked, and the cache directory \S+file\/moorage cannot be used/);
    expect(stderr).toContain(
      'set XDG_CACHE_HOME to a directory that can be written to, serve with --root DIR, or unpack',
    );
  });

  it('whose only image is broken is hidden, and not empty', async () => {
    const { directory, moorage, serve } = await machine();
    const config = {
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] },
    };
    const list = [{ Config: 'c.json', RepoTags: ['alpine:1'], Layers: ['l/layer.tar'] }];
    const broken = tarOf(
      { path: 'manifest.json', content: JSON.stringify(list) },
      { path: 'c.json', content: JSON.stringify(config) },
      { path: 'l/layer.tar', content: 'not what the config says' },
    );
    writeFileSync(join(directory, 'broken.tar'), broken);
    const server = await serve('broken.tar');
    await server.ready();
    await expect.poll(() => server.stdout).toContain('image-left-out  broken  alpine:1');
    expect(server.stdout).not.toContain('empty');
    expect(await moorage('inspect', 'broken.tar')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('alpine:1'),
    });
  });
});

describe('a backup of a registry', () => {
  /** ./registry with two repositories, served once and pushed to, so that it has files of its own; ./backup.tar of it. */
  async function backup(...made: readonly string[]) {
    const opened = await machine();
    const { directory } = opened;
    mkdirSync(join(directory, 'registry/team/app'), { recursive: true });
    writeLayout(join(directory, 'registry/team/app'), 'recorded/regctl/referrers');
    const server = await startMoorage(['--root', 'registry', '--listen', '127.0.0.1:0'], { directory });
    const { url } = await server.ready();
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [],
    });
    const headers = { 'content-type': 'application/vnd.oci.image.index.v1+json' };
    const put = await fetch(`${url}/v2/other/manifests/v2`, { method: 'PUT', body: manifest, headers });
    expect(put.status).toBe(201);
    const mounted = await fetch(`${url}/v2/other/blobs/uploads/?mount=${layer}&from=team/app`, { method: 'POST' });
    expect(mounted.status).toBe(201);
    server.signal('SIGTERM');
    await server.exited;
    execFileSync('tar', ['-cf', join(directory, 'backup.tar'), ...made], { cwd: directory });
    return opened;
  }
  const layer = 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a';

  it.each([
    ['with tar -C registry -cf backup.tar .', ['-C', 'registry', '.']],
    ['with tar -cf backup.tar registry', ['registry']],
    ['compressed', ['--gzip', '-C', 'registry', '.']],
  ])('made %s is served as the repositories in it', async (_, made) => {
    const { serve, moorage } = await backup(...made);
    const server = await serve('backup.tar');
    const { url } = await server.ready();
    const json = async (path: string) => (await fetch(`${url}/v2/${path}`)).json();
    expect(await json('_catalog')).toEqual({ repositories: ['other', 'team/app'] });
    expect(await json('team/app/tags/list')).toEqual({ name: 'team/app', tags: ['v1'] });
    expect((await fetch(`${url}/v2/other/blobs/${layer}`)).status).toBe(200);
    expect((await fetch(`${url}/v2/team/app/blobs/uploads/`, { method: 'POST' })).status).toBe(403);
    await expect.poll(() => server.stdout).toMatch(/docker pull localhost:\d+\/team\/app:v1/);
    expect((await moorage('ls', 'backup.tar', '-q')).stdout).toBe('other:v2\nteam/app:v1\n');
    expect((await moorage('tree', 'backup.tar/team/app:v1')).stdout).toMatch(/^team\/app:v1/);
    expect((await moorage('inspect', 'backup.tar')).stdout).toContain('team/app');
    expect((await moorage('import', 'backup.tar', 'site', '--root', 'restored')).code).toBe(0);
    expect((await moorage('ls', 'restored', '-q')).stdout).toBe('site/other:v2\nsite/team/app:v1\n');
  });

  it('beside other archives is found under its name as well', async () => {
    const { directory, serve } = await backup('-C', 'registry', '.');
    execFileSync('tar', ['-cf', join(directory, 'images.tar'), '-C', join(directory, 'images'), '.']);
    const catalog = async (...args: string[]) => {
      const { url } = await (await serve(...args)).ready();
      return ((await (await fetch(`${url}/v2/_catalog`)).json()) as { repositories: string[] }).repositories;
    };
    expect(await catalog('backup.tar', 'images.tar')).toEqual(['images', 'other', 'team/app']);
    expect(await catalog('old=backup.tar')).toEqual(['old/other', 'old/team/app']);
    mkdirSync(join(directory, 'usb'));
    execFileSync('cp', ['backup.tar', 'images.tar', 'usb'], { cwd: directory });
    expect(await catalog('./usb')).toEqual(['backup/other', 'backup/team/app', 'images']);
  });
});
