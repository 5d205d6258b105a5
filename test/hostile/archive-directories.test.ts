// A directory of archives from a stranger: what lies outside is not served by a name in it, and nothing in it stops the rest.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { imageManifest } from '../support/content.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { blobsOf, codesIn, entryOf, serve, writeStranger } from './stranger.ts';

const image = imageManifest();

it('links, pipes, devices, directories and rubbish with the names of archives are not served, and the rest is', async () => {
  const directory = await temporaryDirectory();
  const layout = writeStranger(join(directory, 'layout'), { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) });
  const [usb, outside] = [join(directory, 'usb'), join(directory, 'outside')];
  for (const path of [usb, outside]) mkdirSync(path);
  execFileSync('tar', ['-cf', join(outside, 'secret.tar'), '-C', layout, '.']);
  copyFileSync(join(outside, 'secret.tar'), join(usb, 'good.tar'));
  symlinkSync('../outside/secret.tar', join(usb, 'link.tar'));
  symlinkSync('../outside', join(usb, 'below'));
  symlinkSync('/dev/zero', join(usb, 'zero.tar'));
  symlinkSync('loop.tar', join(usb, 'loop.tar'));
  execFileSync('mkfifo', [join(usb, 'pipe.tar')]);
  mkdirSync(join(usb, 'directory.tar'));
  writeFileSync(join(usb, 'empty.tar'), '');
  writeFileSync(join(usb, 'text.tar.gz'), gzipSync('no tar'));
  writeFileSync(join(usb, 'cut.tgz'), gzipSync(Buffer.alloc(10_000)).subarray(0, 30));
  writeFileSync(join(usb, `${'..'.repeat(3)}.tar`), 'x');
  const { get } = await serve(usb);
  expect((await get('/v2/_catalog')).json()).toEqual({ repositories: ['good'] });
  expect((await get('/v2/good/manifests/v1')).status).toBe(200);
  for (const name of ['link', 'below/secret', 'zero', 'loop', 'pipe', 'empty', 'text', 'cut']) {
    expect((await get(`/v2/${name}/manifests/v1`)).status, name).toBe(404);
  }
  expect(await codesIn(usb)).toEqual(expect.arrayContaining(['archive-unreadable', 'name-taken', 'other-archive']));
});

it('an archive hides no layout that lies beside it, and none hides another PATH', async () => {
  const directory = await temporaryDirectory();
  const root = join(directory, 'root');
  writeStranger(join(root, 'app'), { entries: [entryOf(image, 'own')], blobs: blobsOf(image) });
  const other = writeStranger(join(directory, 'other'), { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) });
  for (const name of ['app.tar', 'other.tar']) execFileSync('tar', ['-cf', join(root, name), '-C', other, '.']);
  const { get } = await serve(root, other);
  expect((await get('/v2/app/tags/list')).json()).toMatchObject({ tags: ['own'] });
  expect((await get('/v2/other/tags/list')).json()).toMatchObject({ tags: ['v1'] });
  expect(await codesIn(root)).toContain('name-taken');
});
