// `moorage import` and `moorage export` as a user runs them: there and back, interrupted and gone on with, refused in one line.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { blobsOf, entryOf, writeStranger } from '../hostile/stranger.ts';
import { blobOf, contentOf, imageManifest, layerType } from '../support/content.ts';
import { writeLayout } from '../support/fixture-layouts.ts';
import { runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';

const oneLine = /^moorage: [^\n]+\n$/;

const keepingHosts = { MOORAGE_LAYOUTS_REGISTRY_HOST: 'keep' };

/** A directory to work in, with the layout of another tool in it. */
async function workplace(): Promise<string> {
  const directory = await scratchDirectory();
  writeLayout(join(directory, 'other'), 'recorded/regctl/referrers');
  return directory;
}

describe('moorage import and export', () => {
  it('bring a layout with its referrers there and back', async () => {
    const directory = await workplace();
    const imported = await runMoorage(['import', './other', 'team/app'], { directory });
    expect(imported).toMatchObject({ code: 0, stdout: expect.stringContaining('other:v1 -> team/app:v1\n') });
    const exported = await runMoorage(['export', 'team/app:v1', './back', '--json'], { directory });
    expect(exported.code).toBe(0);
    const report = JSON.parse(exported.stdout) as { form: string; profile: string; images: { name: string }[] };
    expect(report).toMatchObject({ target: './back', form: 'directory', profile: 'oci', images: [{ name: 'v1' }] });
    const blobs = (name: string) => readdirSync(join(directory, name, 'blobs/sha256')).sort();
    // Its list of referrers is made anew: ours has them in another order.
    const wanted = blobs('other').filter((encoded) => !encoded.startsWith('0493a9a976d4'));
    expect(blobs('back')).toEqual(expect.arrayContaining(wanted));
    expect(readdirSync(join(directory, 'back')).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
  });

  it('list nothing that is not there when the directory of the repository was removed in between', async () => {
    const directory = await workplace();
    writeLayout(join(directory, 'more'), 'recorded/oras/tagged');
    await runMoorage(['import', './other', 'team/app'], { directory });
    rmSync(join(directory, 'registry/team'), { recursive: true });
    expect(await runMoorage(['import', './more:v1', 'team/app:new'], { directory })).toMatchObject({ code: 0 });
    const layout = join(directory, 'registry/team/app');
    const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
      manifests: { digest: string }[];
    };
    expect(manifests.length).toBeGreaterThan(0);
    const listed = manifests.map(({ digest }) => digest.slice('sha256:'.length));
    expect(readdirSync(join(layout, 'blobs/sha256'))).toEqual(expect.arrayContaining(listed));
  });

  it('copy what blobs that are links lead to, and neither the link nor the file', async () => {
    const directory = await workplace();
    writeLayout(join(directory, 'linked'), 'recorded/oras/tagged');
    const blobs = join(directory, 'linked/blobs/sha256');
    renameSync(blobs, join(directory, 'elsewhere'));
    mkdirSync(blobs);
    for (const name of readdirSync(join(directory, 'elsewhere'))) {
      symlinkSync(`../../../elsewhere/${name}`, join(blobs, name));
    }
    expect(await runMoorage(['import', './linked', 'team/app'], { directory })).toMatchObject({ code: 0 });
    expect(await runMoorage(['export', './linked:v1', './out'], { directory })).toMatchObject({ code: 0 });
    expect(readdirSync(join(directory, 'out/blobs/sha256')).length).toBeGreaterThan(2);
    for (const copy of ['registry/team/app', 'out']) {
      for (const name of readdirSync(join(directory, copy, 'blobs/sha256'))) {
        expect(lstatSync(join(directory, copy, 'blobs/sha256', name)).isFile()).toBe(true);
      }
    }
    for (const name of readdirSync(join(directory, 'elsewhere'))) {
      expect(lstatSync(join(directory, 'elsewhere', name)).nlink).toBe(1);
    }
  });

  it('find blobs that several layouts share, with --shared-blobs', async () => {
    const directory = await workplace();
    writeLayout(join(directory, 'app'), 'recorded/oras/tagged');
    renameSync(join(directory, 'app/blobs'), join(directory, 'shared'));
    const flags = ['--shared-blobs', 'shared'];
    const failed = await runMoorage(['import', './app', 'team/app'], { directory });
    expect(failed.code).toBe(1);
    expect(await runMoorage(['import', './app', 'team/app', ...flags], { directory })).toMatchObject({ code: 0 });
    expect(await runMoorage(['export', './app:v1', 'out.tar', ...flags], { directory })).toMatchObject({ code: 0 });
    expect(await runMoorage(['tree', './app:v1', ...flags], { directory })).toMatchObject({ code: 0 });
    expect((await runMoorage(['ls', './app', ...flags], { directory })).stdout).toMatch(/app +v1 +sha256:/);
    const inspected = await runMoorage(['inspect', './app'], { directory });
    expect(inspected).toMatchObject({ code: 1, stdout: expect.stringContaining('--shared-blobs DIR') });
    const remote = await runMoorage(['ls', 'registry.example:1', ...flags], { directory });
    expect(remote).toMatchObject({ code: 2, stderr: expect.stringMatching(oneLine) });
  });

  it('write the same archive each time', async () => {
    const directory = await workplace();
    for (const target of ['one.tar', 'two.tar']) {
      const { code } = await runMoorage(['export', './other:v1', target, '--profile', 'docker'], { directory });
      expect(code).toBe(0);
    }
    expect(readFileSync(join(directory, 'one.tar'))).toEqual(readFileSync(join(directory, 'two.tar')));
  });

  it('go through a running server, and the import beside it', async () => {
    const directory = await workplace();
    const server = await startMoorage(['serve', '--root', 'root', '--listen', '127.0.0.1:0'], { directory });
    const { url, port } = await server.ready();
    const imported = await runMoorage(['import', './other:v1', 'team/app:stable', '--root', 'root'], { directory });
    expect(imported.code).toBe(0);
    expect(await (await fetch(`${url}/v2/team/app/tags/list`)).json()).toEqual({ name: 'team/app', tags: ['stable'] });
    const exported = await runMoorage(['export', `localhost:${port}/team/app:stable`, 'app.tar', '--profile', 'ctr'], {
      directory,
    });
    expect(exported.stdout).toContain(`localhost:${port}/team/app:stable  sha256:`);
  });

  it('bring images that no tag leads to, by digest', async () => {
    const directory = await scratchDirectory();
    const images = [1, 2].map((n) => imageManifest({ annotations: { n: String(n) }, layers: 1 }));
    writeStranger(join(directory, 'ko'), {
      entries: images.map((each) => entryOf(each)),
      blobs: images.flatMap(blobsOf),
    });
    const digests = images.map(({ digest }) => digest);
    const moorage = (...args: string[]) => runMoorage(args, { directory });
    const imported = await moorage('import', './ko', 'team/app');
    expect(imported).toMatchObject({ code: 0, stderr: expect.not.stringContaining('not imported') });
    for (const digest of digests) expect(imported.stdout).toContain(`ko@${digest} -> team/app@${digest}\n`);
    expect((await moorage('export', '--all-tags', 'team/app', 'back.tar')).code).toBe(0);
    for (const [name, ref] of [
      ['team/app', []],
      ['back', ['back.tar']],
    ] as const) {
      const listed = (await moorage('ls', ...ref, '--quiet')).stdout.trim().split('\n');
      expect(listed.sort()).toEqual(digests.map((digest) => `${name}@${digest}`).sort());
    }
    expect((await moorage('import', './ko', 'team/app:v1')).stderr).toMatch(/2 images without a tag.+"v1"/);
    expect((await moorage('import', './ko')).stderr).toContain('write one: moorage import SOURCE NAME');
  });

  it('keep the names of images where none is given, for a mirror to find', async () => {
    const directory = await scratchDirectory();
    writeLayout(join(directory, 'site'), 'generated/linuxkit/cache');
    const names = await runMoorage(['ls', './site', '--quiet'], { directory, environment: keepingHosts });
    const images = names.stdout.trim().split('\n');
    expect(images.length).toBeGreaterThan(1);
    expect((await runMoorage(['import', './site'], { directory })).code).toBe(0);
    const { stdout } = await runMoorage(['ls', '--quiet'], { directory });
    expect(stdout.trim().split('\n')).toEqual(images.map((image) => image.replace(/^site\//, '')));
    const { url } = await (await startMoorage(['--listen', '127.0.0.1:0'], { directory })).ready();
    const [, host = '', name = '', tag = ''] = /^site\/([^/]+)\/(.+):(.+)$/.exec(images[0] ?? '') ?? [];
    const mirrored = await fetch(`${url}/v2/${name}/manifests/${tag}?ns=${host}`, { method: 'HEAD' });
    expect(mirrored.status).toBe(200);
  });

  it('keep the names of a directory of layouts', async () => {
    const directory = await workplace();
    await runMoorage(['import', './other', 'team/app', '--root', 'one'], { directory });
    expect((await runMoorage(['import', './one', '--root', 'two'], { directory })).code).toBe(0);
    expect((await runMoorage(['ls', '--root', 'two', '--quiet'], { directory })).stdout).toBe('team/app:v1\n');
  });

  it('push into a registry, once, and mount what another repository of it has', async () => {
    const directory = await workplace();
    const server = await startMoorage(['serve', '--root', 'far', '--listen', '127.0.0.1:0'], { directory });
    const { port } = await server.ready();
    const far = `localhost:${port}`;
    const run = (...args: readonly string[]) => runMoorage(['export', ...args], { directory });
    const first = await run('./other:v1', `${far}/team/app`, '--json');
    expect(first.code).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ form: 'registry', images: [{ name: `${far}/team/app:v1` }] });
    expect((await run('./other:v1', `${far}/team/app`)).stdout).toContain('0 blobs copied (0 B)');
    expect((await run(`${far}/team/app:v1`, `${far}/other/app:v2`)).stderr).toContain('linked from another repository');
    const trees = ['./other:v1', `${far}/team/app:v1`, `${far}/other/app:v2`].map(async (ref) => {
      const { stdout } = await runMoorage(['tree', ref, '--json'], { directory });
      return (JSON.parse(stdout) as { image: unknown }).image;
    });
    const [here, there, copied] = await Promise.all(trees);
    expect(there).toEqual(here);
    expect(copied).toEqual(here);
    // Small blobs need none.
    const uploads = join(directory, 'far/.moorage/uploads');
    expect(existsSync(uploads) ? readdirSync(uploads) : []).toEqual([]);
  });

  it('are told by a registry that it takes nothing', async () => {
    const directory = await workplace();
    const args = ['serve', './other', '--read-only', '--listen', '127.0.0.1:0'];
    const { port } = await (await startMoorage(args, { directory })).ready();
    const exit = await runMoorage(['export', './other:v1', `localhost:${port}/team/app`], { directory });
    expect(exit).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(oneLine) });
    expect(exit.stderr).toContain('denied');
  });

  it.each([
    [['export', './other:v1', 'localhost:1/app', '--profile', 'docker'], 2, 'is for archives and layouts'],
    [['export', './other:v1', 'localhost:1/app', '--name', 'app'], 2, 'has it in the TARGET'],
    [['export', './other:v1', 'localhost:1/app'], 1, 'cannot use the registry localhost:1'],
    [['export', './other:v1', 'out.tar.xz'], 2, 'end in .tar, .tar.gz, .tgz or .tar.zst, and not in .tar.xz'],
    [['export', './other:v1', './out.zip'], 2, 'and not in .zip'],
    [['import', './other'], 1, 'says no name of other:v1; write one: moorage import SOURCE NAME'],
    [['import', './other', 'Team/App'], 2, '"Team/App" is not a repository name'],
    [['import', './nowhere', 'app'], 1, 'nowhere'],
    [['import', './other:v9', 'app'], 1, 'has no tag "v9"; its tags: v1'],
    [['export', './other:v1'], 2, 'needs a REF and a TARGET'],
    [
      ['export', './other:v1', 'out.tar', '--profile', 'podman'],
      2,
      'Allowed choices are oci, docker, ctr, linuxkit, crane',
    ],
    [['export', './other:v1', './other:v1', 'out.tar', '--profile', 'crane'], 2, 'exactly one image'],
    [['export', './other:v1', 'out.tar', '--profile', 'crane', '--referrers'], 2, 'no referrers'],
    [['export', './other:v9', 'out.tar'], 1, 'has no tag "v9"'],
    [['export', './other:v1', 'out.tar', '--name', 'A/b'], 2, 'no name that docker would accept'],
    [['export', './other:v1', 'out.tar', '--platform', 'linux'], 2, 'os/architecture'],
    [['export', './other:v1', 'none/out.tar'], 1, 'cannot write none/out.tar: there is no directory none'],
  ] as const)('refuse %j in one line', async (args, code, text) => {
    const directory = await workplace();
    const exit = await runMoorage(args, { directory });
    expect(exit.code).toBe(code);
    expect(exit.stderr).toMatch(oneLine);
    expect(exit.stderr).toContain(text);
    expect(exit.stdout).toBe('');
    expect(readdirSync(directory).filter((name) => name !== 'registry')).toEqual(['other']);
  });
});

describe('an import that is interrupted', () => {
  it.each(['SIGINT', 'SIGKILL'] as const)('by %s goes on inside the blob', async (signal) => {
    const layer = contentOf(Buffer.alloc(12_000_000, 'layer '), layerType);
    const image = imageManifest({ layers: [layer], config: blobOf('{}', 'application/vnd.oci.image.config.v1+json') });
    const ranges: string[] = [];
    let isStalling = true;
    const registry = createServer((request, response) => {
      const path = request.url ?? '';
      if (path.endsWith(`/blobs/${layer.digest}`)) {
        ranges.push(request.headers.range ?? 'all');
        sendPart(response, layer.bytes, request.headers.range, isStalling);
      } else if (path.endsWith(`/blobs/${image.config.digest}`)) response.end(image.config.bytes);
      else if (path.includes('/manifests/sha256-') || path.includes('/referrers/')) response.writeHead(404).end('{}');
      else if (path.includes('/manifests/')) {
        response.setHeader('content-type', image.descriptor.mediaType).end(image.bytes);
      } else response.end('{}');
    });
    onTestFinished(() => void registry.close());
    await new Promise<void>((resolve) => void registry.listen(0, '127.0.0.1', resolve));
    const { port } = registry.address() as AddressInfo;
    const directory = await scratchDirectory();
    const args = ['import', `localhost:${port}/app:v1`, 'app', '--plain-http'];
    const first = await startMoorage(args, { directory });
    const kept = await uploadedBytes(join(directory, 'registry/.moorage/uploads'), 8_000_000);
    first.signal(signal);
    const exit = await first.exited;
    if (signal === 'SIGINT') {
      expect(exit.code).toBe(130);
      expect(exit.stderr).toContain('moorage: stopped; what was copied is kept: run the same command again to go on\n');
    }
    isStalling = false;
    const again = await runMoorage(args, { directory });
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('app:v1 -> app:v1') });
    expect(again.stderr).toContain('goes on at');
    expect(ranges[0]).toBe('all');
    expect(Number(/^bytes=(\d+)-/.exec(ranges[1] ?? '')?.[1])).toBeGreaterThanOrEqual(kept);
    const blob = join(directory, 'registry/app/blobs', layer.digest.replace(':', '/'));
    expect(readFileSync(blob).equals(layer.bytes)).toBe(true);
    expect(readdirSync(join(directory, 'registry/.moorage/uploads'))).toEqual([]);
  });
});

/** With `stalls`, two thirds of it and then nothing more. */
function sendPart(response: ServerResponse, bytes: Buffer, range: string | undefined, stalls: boolean): void {
  const from = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
  response.setHeader('content-length', bytes.length - from);
  if (range !== undefined) {
    response.statusCode = 206;
    response.setHeader('content-range', `bytes ${from}-${bytes.length - 1}/${bytes.length}`);
  }
  if (stalls) response.write(bytes.subarray(from, (bytes.length * 2) / 3 + 1_000_000));
  else response.end(bytes.subarray(from));
}

/** Of the one upload that is left: what a kill leaves of one that is just ending is removed some day, and not by the next import. */
async function uploadedBytes(uploads: string, atLeast: number): Promise<number> {
  for (;;) {
    const [id, ...others] = entriesOf(uploads);
    const size = id === undefined || others.length > 0 ? 0 : sizeOf(join(uploads, id, 'data'));
    if (size >= atLeast) return size;
    await sleep(20);
  }
}

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

describe('an export', () => {
  it('does not touch a directory of something else', async () => {
    const directory = await workplace();
    mkdirSync(join(directory, 'notes'));
    writeFileSync(join(directory, 'notes/today.txt'), 'mine');
    const { code, stderr } = await runMoorage(['export', './other:v1', './notes'], { directory });
    expect(code).toBe(1);
    expect(stderr).toMatch(oneLine);
    expect(readdirSync(join(directory, 'notes'))).toEqual(['today.txt']);
  });
});
