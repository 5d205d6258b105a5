// `moorage history`, `rollback` and `rm` as a user runs them, beside a server that runs on the same directory.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blobsOf, writeStranger } from '../hostile/stranger.ts';
import { type Content, imageManifest } from '../support/content.ts';
import { writeLayout } from '../support/fixture-layouts.ts';
import { runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';

const [a, b] = ['a', 'b'].map((name) => imageManifest({ layers: [], annotations: { name } })) as [
  ReturnType<typeof imageManifest>,
  ReturnType<typeof imageManifest>,
];

async function served(environment: Readonly<Record<string, string>> = {}) {
  const directory = await scratchDirectory();
  const server = await startMoorage(['--root', 'registry', '--listen', '127.0.0.1:0'], { directory, environment });
  const { url } = await server.ready();
  const put = async (path: string, type: string, { bytes }: Pick<Content, 'bytes'>) => {
    const body = new Uint8Array(bytes);
    const answer = await fetch(`${url}${path}`, { method: 'PUT', headers: { 'Content-Type': type }, body });
    expect(answer.status).toBe(201);
  };
  const push = async (tag: string, image: ReturnType<typeof imageManifest>) => {
    const start = await fetch(`${url}/v2/team/app/blobs/uploads/`, { method: 'POST' });
    const at = `${start.headers.get('location')}?digest=${image.config.digest}`;
    await put(at, 'application/octet-stream', image.config);
    await put(`/v2/team/app/manifests/${tag}`, image.descriptor.mediaType, image);
  };
  const digestOf = async (reference: string) => {
    const answer = await fetch(`${url}/v2/team/app/manifests/${reference}`, {
      headers: { accept: a.descriptor.mediaType },
    });
    return answer.status === 200 ? answer.headers.get('docker-content-digest') : answer.status;
  };
  const run = (...args: string[]) => runMoorage(args, { directory });
  return { directory, url: url.replace('http://', ''), push, digestOf, run };
}

const short = ({ digest }: Content) => digest.slice(0, 'sha256:'.length + 12);

/** Columns of the table, without the times. */
const rowsOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s{2,}/).slice(1));

describe('moorage history', () => {
  it('shows all moves of all tags, the newest first, of a name, a path and a registry alike', async () => {
    const { push, run, url } = await served();
    await push('v1', a);
    await push('v1', b);
    await push('v2', b);
    await run('rm', `${url}/team/app:v1`);
    const rows = [
      ['v1', 'delete', '-', short(b)],
      ['v2', 'push', short(b), '-'],
      ['v1', 'push', short(b), short(a)],
      ['v1', 'push', short(a), '-'],
    ];
    const shown = await run('history', 'team/app', '--root', 'registry');
    expect(shown.stdout).toMatch(/^TIME +TAG +HOW +DIGEST +WAS\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}v1/);
    expect(rowsOf(shown.stdout)).toEqual(rows);
    expect(rowsOf((await run('history', 'registry/team/app')).stdout)).toEqual(rows);
    const ofV1 = rows.filter(([tag]) => tag === 'v1');
    expect(rowsOf((await run('history', `${url}/team/app:v1`)).stdout)).toEqual(ofV1);
    const { repository, moves } = JSON.parse((await run('history', 'registry/team/app:v1', '--json')).stdout);
    expect(repository).toBe('registry/team/app');
    expect(moves.map(({ how }: { how: string }) => how)).toEqual(['delete', 'push', 'push']);
    expect(moves[0].was).toEqual({ digest: b.digest, mediaType: b.descriptor.mediaType, size: b.bytes.byteLength });
    expect(moves[1]).toMatchObject({ tag: 'v1', digest: b.digest, was: { digest: a.digest } });
  });

  it('says where nothing is known, and what is no question', async () => {
    const { directory, push, run } = await served();
    await push('v1', a);
    const unknown = await run('history', 'team/app:v9', '--root', 'registry');
    expect([unknown.code, unknown.stdout, unknown.stderr]).toEqual([
      1,
      '',
      'moorage: no move of team/app:v9 is known\n',
    ]);
    expect((await run('history', `team/app@${a.digest}`, '--root', 'registry')).code).toBe(2);
    writeLayout(join(directory, 'images'), 'recorded/oras/referrers-attached');
    expect((await run('history', 'images')).stderr).toContain('no move of images is known');
    writeFileSync(join(directory, 'images.tar'), '');
    expect((await run('history', './images.tar')).stderr).toContain('is an archive');
  });
});

describe('moorage rollback', () => {
  it('undoes a wrong push beside the server, and then itself', async () => {
    const { push, run, digestOf } = await served();
    await push('v1', a);
    await push('v1', b);
    const dry = await run('rollback', 'team/app:v1', '--root', 'registry', '--dry-run');
    expect(dry.stdout).toBe(`team/app:v1 would mean ${a.digest} again; it was ${b.digest}\n`);
    expect(await digestOf('v1')).toBe(b.digest);
    const done = await run('rollback', 'team/app:v1', '--root', 'registry');
    expect(done.stdout).toBe(`team/app:v1 means ${a.digest} again; it was ${b.digest}\n`);
    expect(await digestOf('v1')).toBe(a.digest);
    const again = await run('rollback', 'registry/team/app:v1', '--json');
    expect(JSON.parse(again.stdout)).toEqual({
      dryRun: false,
      repository: 'registry/team/app',
      tag: 'v1',
      from: a.digest,
      to: b.digest,
      putBack: [],
      missing: [],
    });
    expect(await digestOf('v1')).toBe(b.digest);
  });

  it('brings back a manifest that was deleted, by a part of its digest or a time', async () => {
    const { push, run, digestOf } = await served();
    await push('v1', a);
    await push('v2', b);
    const then = new Date().toISOString();
    await run('rm', `team/app@${a.digest}`, '--root', 'registry');
    expect([await digestOf('v1'), await digestOf(a.digest)]).toEqual([404, 404]);
    expect((await run('rollback', 'team/app:v1', '--to', short(a), '--root', 'registry')).code).toBe(0);
    expect([await digestOf('v1'), await digestOf(a.digest)]).toEqual([a.digest, a.digest]);
    await run('rm', 'team/app:v2', '--root', 'registry');
    expect((await run('rollback', 'team/app:v2', '--to', then, '--root', 'registry')).code).toBe(0);
    expect(await digestOf('v2')).toBe(b.digest);
  });

  it('refuses what cannot be, in one line', async () => {
    const { push, run, url } = await served();
    await push('v1', a);
    const wrong = async (...args: string[]) => (await run('rollback', ...args, '--root', 'registry')).stderr;
    expect(await wrong('team/app:v1')).toBe(
      'moorage: v1 stays as it is: it is not known to have meant anything else\n',
    );
    expect(await wrong('team/app')).toContain('names no tag');
    expect(await wrong('team/app:v1', '--to', 'yesterday')).toContain('neither a digest');
    expect(await wrong(`${url}/team/app:v1`)).toContain('is in a registry');
  });
});

describe('moorage rm', () => {
  it('removes tags and manifests, names what is unknown, and says when the space comes back', async () => {
    const { push, run, digestOf } = await served({ MOORAGE_DELETES_ENABLED: 'false' });
    await push('v1', a);
    await push('v2', a);
    await push('v3', b);
    const { code, stdout, stderr } = await run(
      'rm',
      'team/app:v1',
      'team/app:v9',
      `team/app@${short(b)}`,
      '--root',
      'registry',
    );
    expect(stdout.split('\n')).toEqual([
      `removed team/app:v1 (${short(a)})`,
      `removed team/app@${short(b)}, with v3`,
      'the manifest of a tag stays, without that name: moorage rm NAME@DIGEST removes it',
      expect.stringContaining('moorage gc'),
      '',
    ]);
    expect(stderr).toContain('team/app:v9: manifest unknown');
    expect(code).toBe(1);
    expect(await Promise.all(['v1', 'v2', 'v3', b.digest].map(digestOf))).toEqual([404, a.digest, 404, 404]);
  });

  it('removes a whole repository, and only tells with --dry-run', async () => {
    const { push, run, digestOf } = await served();
    await push('v1', a);
    await push('v2', b);
    const dry = await run('rm', 'team/app', '--all', '--dry-run', '--root', 'registry');
    expect(dry.stdout).toContain(`would remove team/app@${short(a)}, with v1\n`);
    expect(await digestOf('v1')).toBe(a.digest);
    const done = await run('rm', 'registry/team/app', '--all', '--json');
    expect(JSON.parse(done.stdout)).toMatchObject({ dryRun: false, problems: [] });
    expect(done.code).toBe(0);
    expect(await Promise.all(['v1', 'v2', a.digest, b.digest].map(digestOf))).toEqual([404, 404, 404, 404]);
    expect((await run('rollback', 'team/app:v2', '--root', 'registry')).code).toBe(0);
    expect(await digestOf('v2')).toBe(b.digest);
  });

  it('asks a registry, and says where that takes no deletes', async () => {
    const { push, run, url, digestOf } = await served();
    await push('v1', a);
    await push('v2', b);
    const one = await run('rm', `${url}/team/app@${short(a)}`);
    expect(one.stdout).toBe(`removed ${url}/team/app@${short(a)}\n`);
    expect((await run('rm', `${url}/team/app`, '--all')).code).toBe(0);
    expect(await Promise.all([a.digest, b.digest].map(digestOf))).toEqual([404, 404]);
    const unknown = await run('rm', `${url}/team/app:v1`);
    expect([unknown.code, unknown.stdout]).toEqual([1, '']);
    const refusing = await served({ MOORAGE_DELETES_ENABLED: 'false' });
    await refusing.push('v1', a);
    const refused = await refusing.run('rm', `${refusing.url}/team/app:v1`);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('takes no such deletes')]);
    expect(await refusing.digestOf('v1')).toBe(a.digest);
  });

  it('takes no half of a question', async () => {
    const { run } = await served();
    expect((await run('rm', 'team/app')).stderr).toContain('--all for all of it');
    expect((await run('rm', 'team/app:v1', '--all')).stderr).toContain('without its tag');
    expect((await run('rm')).code).toBe(2);
  });
});

describe('moorage rm of a repository among several of a layout', () => {
  it('removes its tags, and leaves the others as they are', async () => {
    const directory = await scratchDirectory();
    writeLayout(join(directory, 'site'), 'generated/linuxkit/cache');
    const run = (...args: string[]) => runMoorage(args, { directory });
    const done = await run('rm', 'site/site/library/alpine', '--all');
    expect([done.code, done.stdout.split('\n')[0]]).toEqual([
      0,
      expect.stringMatching(/^removed site\/site\/library\/alpine:3\.20 \(sha256:[0-9a-f]{12}\)$/),
    ]);
    expect((await run('ls', '-q', 'site')).stdout).toBe('site:abc\n');
    expect((await run('history', 'site')).stdout).not.toContain('abc');
  });
});

describe('a path', () => {
  it('is the repository that lies there and no other, whatever lies below it or ends alike', async () => {
    const directory = await scratchDirectory();
    for (const name of ['a', 'a/b', 'a/b/c']) writeLayout(join(directory, 'images', name), 'generated/oras/tagged');
    const rm = (reference: string) => runMoorage(['rm', reference, '--dry-run'], { directory });
    for (const name of ['a', 'a/b', 'a/b/c']) {
      const { code, stdout } = await rm(`images/${name}:v1`);
      expect([code, stdout]).toEqual([0, expect.stringContaining(`would remove images/${name}:v1`)]);
    }
    for (const name of ['b', 'c', 'b/c', 'a/c']) expect((await rm(`images/${name}:v1`)).code).toBe(1);
  });
});

it('a repository of full names whose last tag is gone is found by its name, and comes back', {
  timeout: 600_000,
}, async () => {
  const directory = await scratchDirectory();
  const images = ['a', 'b'].map((text) => imageManifest({ annotations: { text } }));
  const entries = images.map(({ descriptor }, at) => {
    const name = `docker.io/acme/${at === 0 ? 'a' : 'b'}:v1`;
    const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': 'v1' };
    return { ...descriptor, annotations };
  });
  writeStranger(join(directory, 'shelf'), { entries, blobs: images.flatMap(blobsOf) });
  const run = (...words: readonly string[]) => runMoorage(words, { directory });
  const [, lost] = images;
  for (const [ref, ...root] of [['./shelf/acme/b:v1'], ['shelf/acme/b:v1', '--root', '.']] as const) {
    expect((await run('rm', ref, ...root)).code).toBe(0);
    expect((await run('ls', './shelf')).stdout).not.toContain('acme/b');
    expect((await run('history', ref, ...root)).stdout).toMatch(/ v1 +delete +- +sha256:/);
    expect((await run('rollback', ref, ...root)).stdout).toContain(`means ${lost?.digest} again; it was gone`);
    expect((await run('ls', './shelf')).stdout).toMatch(/^shelf\/acme\/b +v1 /m);
  }
  expect((await run('history', './shelf/acme/none:v1')).stderr).toContain('no repository "acme/none" in ./shelf');
});
