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
    expect(server.stdout).toContain('/broken    hidden: nothing in it can be served');
    expect(server.stdout).not.toContain('empty');
    expect(await moorage('inspect', 'broken.tar')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('alpine:1'),
    });
  });
});
