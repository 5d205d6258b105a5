// `moorage serve PATH...`: directories and archives of other tools as they are, which only reading never changes.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { imageManifest, referrerOf } from '../support/content.ts';
import { writeLayout } from '../support/fixture-layouts.ts';
import { programIsPublic, runMoorage, type StartOptions, scratchDirectory, startMoorage } from './moorage-process.ts';

const A = 'sha256:d41a8bedca7607ebf8317f657342d13f374c18df27845f704fc9b3d11880da7b';
const image = imageManifest({ annotations: { n: 'pushed' }, layers: 0 });
const asRoot = process.getuid?.() === 0;

/** Layouts by their path in a fresh directory. */
async function machine(layouts: Readonly<Record<string, string>>) {
  const directory = await scratchDirectory();
  for (const [path, fixture] of Object.entries(layouts)) {
    mkdirSync(join(directory, path), { recursive: true });
    writeLayout(join(directory, path), fixture);
  }
  const serve = async (args: readonly string[], options: StartOptions = {}) => {
    const environment = { XDG_CACHE_HOME: join(directory, 'cache'), ...options.environment };
    const moorage = await startMoorage(['serve', ...args, '--listen', '127.0.0.1:0'], {
      directory,
      ...options,
      environment,
    });
    const { url } = await moorage.ready();
    const get = async (path: string) => (await fetch(`${url}/v2/${path}`)).status;
    const json = async (path: string) => (await (await fetch(`${url}/v2/${path}`)).json()) as Record<string, unknown>;
    return { moorage, url, get, json, push: (name: string, tag: string) => push(url, name, tag) };
  };
  return { directory, serve };
}

async function push(url: string, name: string, tag: string): Promise<number> {
  const { config, bytes, descriptor } = image;
  const upload = await fetch(`${url}/v2/${name}/blobs/uploads/?digest=${config.digest}`, {
    method: 'POST',
    body: config.bytes,
  });
  if (!upload.ok) return upload.status;
  const headers = { 'content-type': descriptor.mediaType };
  return (await fetch(`${url}/v2/${name}/manifests/${tag}`, { method: 'PUT', body: bytes, headers })).status;
}

/** Every file and directory: kind, mode, times, inode and content. */
function everything(directory: string): readonly string[] {
  return ['.', ...readdirSync(directory, { recursive: true, encoding: 'utf8' })].sort().map((path) => {
    const found = statSync(join(directory, path));
    const content = found.isFile()
      ? createHash('sha256')
          .update(readFileSync(join(directory, path)))
          .digest('hex')
      : 'directory';
    return `${path} ${found.mode} ${found.mtimeMs} ${found.ctimeMs} ${found.ino} ${content}`;
  });
}

describe('only reading', () => {
  it.each([[[]], [['--scan']], [['--read-only']]])('changes nothing of what is served, with %j', async (flags) => {
    const { directory, serve } = await machine({
      'shelf/plain': 'generated/oras/referrers',
      'shelf/root/team/save': 'generated/containerd/fullname',
      'shelf/root/team/app': 'generated/cosign/v3-save-raw-referrers',
      'shelf/unnamed': 'generated/skopeo/untagged',
    });
    execFileSync('tar', ['-cf', join(directory, 'shelf/images.tar'), '-C', join(directory, 'shelf/plain'), '.']);
    const before = everything(join(directory, 'shelf'));
    const { moorage, get, json } = await serve([
      ...flags,
      'shelf/plain',
      'shelf/root',
      'u=shelf/unnamed',
      'shelf/images.tar',
    ]);
    expect(await json('_catalog')).toEqual({
      repositories: ['images', 'plain', 'team/app', 'team/save/acme/app', 'team/save/library/alpine', 'u'],
    });
    for (const path of [
      'plain/manifests/v1',
      `plain/blobs/${A}`,
      'plain/tags/list',
      `plain/referrers/${A}`,
      'u/manifests/latest',
      'images/manifests/v1',
      'team/save/library/alpine/manifests/3.20',
      `team/app/referrers/${A}`,
      'team/save/x/tags/list',
      'plain/nested/manifests/v1',
    ])
      expect([path, await get(path)]).toEqual([path, /\/x\/|nested/.test(path) ? 404 : 200]);
    // While it is served another program writes to it, in place and by a rename.
    const index = join(directory, 'shelf/plain/index.json');
    const text = readFileSync(index, 'utf8');
    writeFileSync(`${index}.new`, text.replace('"v1"', '"v2"'));
    renameSync(`${index}.new`, index);
    expect(await get('plain/manifests/v2')).toBe(200);
    const renamed = everything(join(directory, 'shelf'));
    expect(renamed.filter((line) => !before.includes(line)).map((line) => line.split(' ')[0])).toEqual([
      'plain',
      'plain/index.json',
    ]);
    for (let looks = 0; looks < 8; looks += 1) {
      expect(await get(`plain/referrers/${A}`)).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    moorage.signal('SIGTERM');
    expect((await moorage.exited).code).toBe(0);
    expect(everything(join(directory, 'shelf'))).toEqual(renamed);
  });

  it('keeps what it learnt elsewhere, and parses nothing again after a restart', async () => {
    const { directory, serve } = await machine({ plain: 'generated/oras/referrers' });
    const first = await serve(['plain']);
    expect(await first.json(`plain/referrers/${A}`)).toMatchObject({ manifests: [{}, {}] });
    first.moorage.signal('SIGTERM');
    await first.moorage.exited;
    const facts = readdirSync(join(directory, 'cache/moorage'), { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.facts'),
    );
    expect(facts).toHaveLength(1);
    // A file that cannot be parsed tells that it was not: only that it is there counts for what is known of it.
    const before = readFileSync(join(directory, 'cache/moorage', facts[0] ?? ''), 'utf8');
    expect(before.split('\n').length).toBeGreaterThan(3);
    const second = await serve(['plain']);
    expect(await second.json(`plain/referrers/${A}`)).toMatchObject({ manifests: [{}, {}] });
    second.moorage.signal('SIGTERM');
    await second.moorage.exited;
    expect(readFileSync(join(directory, 'cache/moorage', facts[0] ?? ''), 'utf8')).toBe(before);
  });
});

describe('the first push', () => {
  it('works, keeps all that is there, and has its work files beside it from then on', async () => {
    const { directory, serve } = await machine({ plain: 'generated/oras/referrers' });
    const { get, json, push } = await serve(['plain']);
    const before = JSON.parse(readFileSync(join(directory, 'plain/index.json'), 'utf8')) as { manifests: unknown[] };
    expect(await get('plain/manifests/v1')).toBe(200);
    expect(await push('plain', 'v9')).toBe(201);
    const after = JSON.parse(readFileSync(join(directory, 'plain/index.json'), 'utf8')) as { manifests: unknown[] };
    for (const entry of before.manifests) expect(after.manifests).toContainEqual(entry);
    expect(await json('plain/tags/list')).toEqual({ name: 'plain', tags: ['v1', 'v9'] });
    expect(readdirSync(join(directory, 'plain'))).toContain('.moorage');
    expect(readdirSync(join(directory, 'plain/.moorage/journal'))).toEqual(['.journal']);
  });

  it('into an image without a name leaves it called latest; a delete of that name is for good', async () => {
    const { directory, serve } = await machine({ one: 'generated/skopeo/untagged', two: 'generated/skopeo/untagged' });
    const { url, get, json, push, moorage } = await serve(['one', 'two']);
    expect(await push('one', 'v9')).toBe(201);
    expect(await json('one/tags/list')).toEqual({ name: 'one', tags: ['latest', 'v9'] });
    const deleted = await fetch(`${url}/v2/two/manifests/latest`, { method: 'DELETE' });
    expect([deleted.status, await get('two/manifests/latest')]).toEqual([202, 404]);
    moorage.signal('SIGTERM');
    await moorage.exited;
    const again = await serve(['one', 'two']);
    expect([await again.get('one/manifests/latest'), await again.get('two/manifests/latest')]).toEqual([200, 404]);
    expect(readFileSync(join(directory, 'two/index.json'), 'utf8')).toContain(`org.opencontainers.image.created`);
  });

  it('of a referrer leaves an image without a name called latest, too', async () => {
    const { serve } = await machine({ one: 'generated/skopeo/untagged' });
    const { url, json } = await serve(['one']);
    const digest = (await fetch(`${url}/v2/one/manifests/latest`)).headers.get('docker-content-digest') ?? '';
    const sbom = referrerOf(digest as never, 'application/vnd.example.sbom');
    const answer = await fetch(`${url}/v2/one/manifests/${sbom.digest}`, {
      method: 'PUT',
      body: sbom.bytes,
      headers: { 'content-type': sbom.descriptor.mediaType },
    });
    expect([answer.status, answer.headers.get('oci-subject')]).toEqual([201, digest]);
    expect(await json('one/tags/list')).toEqual({ name: 'one', tags: ['latest'] });
  });

  it('goes to a new repository below a root, and below a layout that holds one', async () => {
    const { directory, serve } = await machine({
      'root/team/app': 'generated/oras/tagged',
      single: 'generated/oras/tagged',
    });
    const { get, push } = await serve(['root', 'single']);
    expect(await push('team/new', 'v1')).toBe(201);
    expect(await push('team/app/nested', 'v1')).toBe(201);
    expect(await push('single/nested', 'v1')).toBe(201);
    expect(statSync(join(directory, 'root/team/new/index.json')).isFile()).toBe(true);
    expect(statSync(join(directory, 'single/nested/index.json')).isFile()).toBe(true);
    expect(await get('team/app/manifests/v1')).toBe(200);
    expect(await push('single/ingest', 'v1')).toBe(400);
  });
});

describe('while it is served', () => {
  it('a directory made below a shared layout wins over the full name, and a removed one is gone', async () => {
    const { directory, serve } = await machine({ cache: 'generated/linuxkit/cache', other: 'generated/oras/tagged' });
    const { get, json } = await serve(['cache']);
    expect(await get('cache/library/alpine/manifests/3.20')).toBe(200);
    mkdirSync(join(directory, 'cache/library'));
    renameSync(join(directory, 'other'), join(directory, 'cache/library/alpine'));
    expect(await get('cache/library/alpine/manifests/v1')).toBe(200);
    expect(await get('cache/library/alpine/manifests/3.20')).toBe(404);
    expect(await get('cache/docker.io/library/alpine/manifests/3.20')).toBe(200);
    expect(await json('_catalog')).toEqual({ repositories: ['cache/library/alpine', 'cache/linuxkit/init'] });
    renameSync(join(directory, 'cache/library/alpine'), join(directory, 'gone'));
    await get('cache/library/alpine/manifests/v1');
    expect(await get('cache/library/alpine/manifests/3.20')).toBe(200);
  });
});

describe('paths', () => {
  it('are told apart, and refused in one line where they cannot be', async () => {
    const { directory } = await machine({ 'a/images': 'generated/oras/tagged', 'b/images': 'generated/oras/tagged' });
    symlinkSync('a/images', join(directory, 'linked'));
    expect(readlinkSync(join(directory, 'linked'))).toBe('a/images');
    const refusals: readonly (readonly [string[], RegExp])[] = [
      [['a/images', 'b/images'], /both called "images"/],
      [['a/images', 'x=linked'], /lies in/],
      [['a', 'x=a/images'], /lies in/],
      [['nothing'], /no such file/],
      [['X=a'], /not a repository name/],
      [['x=:ro'], /names no path/],
    ];
    for (const [args, message] of refusals) {
      const exit = await runMoorage(['serve', ...args, '--listen', '127.0.0.1:0'], {
        directory,
        environment: { XDG_CACHE_HOME: join(directory, 'cache') },
      });
      expect([args, exit.code, exit.stdout]).toEqual([args, 2, '']);
      expect(exit.stderr).toMatch(message);
      expect(exit.stderr.trimEnd().split('\n')).toHaveLength(1);
    }
  });

  it('beside --ephemeral: a root keeps to its name, and what is pushed elsewhere is in memory', async () => {
    const { directory, serve } = await machine({ 'root/team/app': 'generated/oras/tagged' });
    const before = everything(join(directory, 'root'));
    const { get, push } = await serve(['--ephemeral', 'root']);
    expect(await get('root/team/app/manifests/v1')).toBe(200);
    expect(await push('fresh', 'v1')).toBe(201);
    expect(everything(join(directory, 'root'))).toEqual(before);
  });

  it.skipIf(!asRoot || !programIsPublic())('that this user cannot write to are served read-only', async () => {
    const { directory, serve } = await machine({ plain: 'generated/oras/tagged' });
    chmodSync(directory, 0o755);
    const { get, push, moorage } = await serve(['plain'], {
      userId: 65_534,
      environment: { XDG_CACHE_HOME: join(directory, 'no-cache') },
    });
    expect(await get('plain/manifests/v1')).toBe(200);
    expect(await push('plain', 'v2')).toBe(403);
    expect(moorage.stdout).toContain('read-only');
  });
});
