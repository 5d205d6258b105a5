// `moorage ls` and `moorage tree`, as a user runs them: on a directory, an archive, a running registry.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { blobsOf, entryOf, writeStranger } from '../hostile/stranger.ts';
import { contentOf, imageManifest } from '../support/content.ts';
import { writeLayout } from '../support/fixture-layouts.ts';
import { type Exit, runMoorage, scratchDirectory, startMoorage } from './moorage-process.ts';

const image = 'sha256:d41a8bedca7607ebf8317f657342d13f374c18df27845f704fc9b3d11880da7b';

/** ./registry with two repositories, and ./images.tar of one layout. */
async function machine() {
  const directory = await scratchDirectory();
  for (const [path, fixture] of [
    ['registry/team/app', 'recorded/regctl/referrers'],
    ['registry/team/multi', 'generated/buildkit/attestation'],
    ['images', 'recorded/oras/referrers-attached'],
  ] as const) {
    mkdirSync(join(directory, path), { recursive: true });
    writeLayout(join(directory, path), fixture);
  }
  execFileSync('tar', ['-czf', join(directory, 'images.tar.gz'), '-C', join(directory, 'images'), '.']);
  const moorage = (...args: string[]): Promise<Exit> =>
    runMoorage(args, { directory, environment: { XDG_CACHE_HOME: join(directory, 'cache') } });
  return { directory, moorage };
}

const treeOfApp = `team/app:v1  linux/amd64  image  sha256:d41a8bedca76  1.19 kB  1 layer
|- referrer  application/vnd.example.sbom.v1  sha256:2f465ec59881  7 B  1 layer  2026-01-02 03:04
\`- referrer  application/vnd.example.signature.config.v1+json  sha256:7c985542cbff  12 B  1 layer  2026-01-02 03:04
`;

const table = `REPOSITORY  TAG  DIGEST               TYPE               SIZE     CREATED
team/app    v1   sha256:d41a8bedca76  image linux/amd64  1.19 kB  -
team/multi  v1   sha256:6fa367630965  index linux/amd64  1.40 kB  -
`;

describe('moorage ls', () => {
  it('lists ./registry, a running registry and an archive alike', async () => {
    const { directory, moorage } = await machine();
    const server = await startMoorage(['--root', 'registry', '--listen', '127.0.0.1:0'], { directory });
    const { port, url } = await server.ready();
    for (const where of [[], ['registry'], [`localhost:${port}`], [url]]) {
      expect(await moorage('ls', ...where), where.join()).toMatchObject({ code: 0, stdout: table, stderr: '' });
    }
    const one = await moorage('ls', `localhost:${port}/team/app`);
    expect(one.stdout.split('\n')).toHaveLength(3);
    const archive = await moorage('ls', 'images.tar.gz', '--no-trunc');
    expect(archive.stdout).toContain(`images      v1   ${image}`);
    expect((await moorage('ls', '--root', 'registry', '-q')).stdout).toBe('team/app:v1\nteam/multi:v1\n');
  });

  it('shows the digests of images that no tag leads to', async () => {
    const directory = await scratchDirectory();
    const [one, two] = [imageManifest({ annotations: { n: '1' } }), imageManifest({ annotations: { n: '2' } })];
    writeStranger(join(directory, 'ko'), {
      entries: [entryOf(one), entryOf(two)],
      blobs: [...blobsOf(one), ...blobsOf(two)],
    });
    const moorage = (...args: string[]) => runMoorage(args, { directory });
    const listed = (await moorage('ls', 'ko')).stdout.split('\n').map((line) => line.split(/ +/).slice(0, 3));
    const rows = [one, two].map(({ digest }) => ['ko', '-', digest.slice(0, 19)]);
    expect(listed).toEqual([['REPOSITORY', 'TAG', 'DIGEST'], ...rows, ['']]);
    expect((await moorage('ls', 'ko', '-q')).stdout).toBe(`ko@${one.digest}\nko@${two.digest}\n`);
    expect(JSON.parse((await moorage('ls', 'ko', '--json')).stdout)).toMatchObject({
      repositories: [{ tags: [], untagged: [{ digest: one.digest, type: 'image' }, { digest: two.digest }] }],
    });
    expect((await moorage('ls', `ko@${two.digest}`, '-q')).stdout).toBe(`ko@${two.digest}\n`);
    for (const ref of [`ko@${two.digest.slice(0, 19)}`, `./ko@${two.digest.slice(7, 19)}`]) {
      expect((await moorage('tree', ref)).stdout, ref).toMatch(new RegExp(`^ko@${two.digest}  image`));
    }
    expect((await moorage('tree', 'ko@sha256:0000000000')).stderr).toContain('begins with sha256:0000000000');
    const server = await startMoorage(['serve', './ko', '--listen', '127.0.0.1:0'], { directory });
    const { port } = await server.ready();
    await expect.poll(() => server.stdout).toContain(`docker pull localhost:${port}/ko@${two.digest}`);
  });

  it('--json is one document', async () => {
    const { moorage } = await machine();
    const { code, stdout } = await moorage('ls', 'registry', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      source: 'registry',
      repositories: [
        {
          name: 'team/app',
          tags: [
            {
              tag: 'v1',
              digest: image,
              mediaType: 'application/vnd.oci.image.manifest.v1+json',
              type: 'image',
              artifactType: 'application/vnd.oci.image.config.v1+json',
              platforms: ['linux/amd64'],
              contentSize: 1187,
              missing: 0,
            },
          ],
        },
        {
          name: 'team/multi',
          tags: [expect.objectContaining({ tag: 'v1', type: 'index', platforms: ['linux/amd64'] })],
        },
      ],
    });
  });

  it('shows what it can of a damaged directory, says what it cannot, and fails', async () => {
    const { directory, moorage } = await machine();
    writeFileSync(join(directory, 'registry/team/multi/index.json'), '{"schemaVersion":2,"manif');
    rmSync(join(directory, 'registry/team/app/blobs', image.replace(':', '/')));
    const { code, stdout, stderr } = await moorage('ls', 'registry');
    expect(stdout.split('\n').slice(1)).toEqual([
      'team/app    v1   -       missing     -     -',
      'team/multi  -    -       unreadable  -     -',
      '',
    ]);
    expect(stderr).toContain('warning: team/multi: ');
    expect(code).toBe(1);
    expect((await moorage('tree', 'team/app:v1')).stderr).toBe(
      'moorage: team/app in ./registry lists the tag "v1", and what it names is not there\n',
    );
  });

  it('only reads: the directory is the same afterwards', async () => {
    const { directory, moorage } = await machine();
    const look = () =>
      readdirSync(join(directory, 'registry'), { recursive: true })
        .map((path) => `${path} ${statSync(join(directory, 'registry', String(path))).mtimeMs}`)
        .sort();
    const before = look();
    await moorage('ls', 'registry');
    await moorage('tree', 'team/app:v1');
    expect(look()).toEqual(before);
  });
});

describe('moorage tree', () => {
  it('shows referrers, from a directory, a root and a registry alike', async () => {
    const { directory, moorage } = await machine();
    const server = await startMoorage(['--root', 'registry', '--listen', '127.0.0.1:0'], { directory });
    const { port } = await server.ready();
    for (const ref of ['team/app:v1', `localhost:${port}/team/app:v1`]) {
      expect(await moorage('tree', ref)).toMatchObject({ code: 0, stdout: treeOfApp, stderr: '' });
    }
    const byPath = treeOfApp.replace('team/app', 'app');
    expect((await moorage('tree', './registry/team/app:v1')).stdout).toBe(byPath);
    expect((await moorage('tree', 'images.tar.gz:v1')).stdout).toContain(
      '`- referrer  application/vnd.example.sbom.v1',
    );
  });

  it('shows attestations below their platform, and whole digests when asked', async () => {
    const { moorage } = await machine();
    const { stdout } = await moorage('tree', 'team/multi:v1', '--no-trunc');
    const [index, platform, attestation] = stdout.split('\n');
    expect(index).toMatch(/^team\/multi:v1 {2}index {2}sha256:[0-9a-f]{64} {2}1\.40 kB$/);
    expect(platform).toBe(`\`- linux/amd64  image  ${image}  1.19 kB  1 layer`);
    expect(attestation).toMatch(
      /^ {3}`- attestation {2}https:\/\/slsa.dev\/provenance\/v0.2 {2}sha256:[0-9a-f]{64} {2}212 B {2}1 layer {2}\(attestation, no referrer\)$/,
    );
  });

  it('--json is one document', async () => {
    const { moorage } = await machine();
    const { stdout } = await moorage('tree', `team/app@${image}`, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      reference: `team/app@${image}`,
      source: './registry',
      image: {
        kind: 'image',
        digest: image,
        size: 397,
        contentSize: 1187,
        manifests: [],
        attestations: [],
        referrers: [
          {
            kind: 'referrer',
            artifactType: 'application/vnd.example.sbom.v1',
            annotations: { 'com.example.kind': 'sbom' },
          },
          { kind: 'referrer', artifactType: 'application/vnd.example.signature.config.v1+json' },
        ],
      },
    });
  });

  it('prints no control characters that others wrote', async () => {
    const { directory, moorage } = await machine();
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        artifactType: 'a\u001b[2Jb\u009bc\u202ed',
        config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: image, size: 2 },
        layers: [],
      }),
    );
    const { digest } = contentOf(bytes, 'x');
    const layout = join(directory, 'evil');
    mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
    writeFileSync(join(layout, 'blobs', digest.replace(':', '/')), bytes);
    writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    const entry = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: bytes.byteLength };
    const annotations = { 'org.opencontainers.image.ref.name': 'v1' };
    writeFileSync(
      join(layout, 'index.json'),
      JSON.stringify({ schemaVersion: 2, manifests: [{ ...entry, annotations }] }),
    );
    for (const args of [
      ['tree', 'evil:v1'],
      ['ls', 'evil'],
    ]) {
      const { code, stdout } = await moorage(...args);
      expect(code).toBe(0);
      expect(stdout).toContain('a\\u{1b}[2Jb\\u{9b}c\\u{202e}d');
    }
  });
});

describe('what cannot be shown', () => {
  it.each([
    [['tree', 'team/app:latest'], 1, 'team/app in ./registry has no tag "latest"; its tags: v1'],
    [['tree', 'team/nope:v1'], 1, './registry has no repository "team/nope"; its repositories: team/app, team/multi'],
    [['tree', './nope:v1'], 1, 'there is no layout, archive or directory of layouts at ./nope'],
    [['tree', './registry:v9'], 2, 'names no image: write ./registry/NAME:TAG; its repositories: team/app, team/multi'],
    [['ls', 'nope.tar'], 1, 'there is no layout, archive or directory of layouts at nope.tar'],
    [['ls', '--root', 'nope'], 1, 'there is no nope here'],
    [['ls', 'team/nope'], 1, 'has no repository "team/nope"'],
    [['tree', 'localhost:1/app:v1'], 1, 'cannot use the registry localhost:1: '],
    [['tree', 'App:v1'], 2, '"App" is not a repository name'],
    [['tree'], 2, "missing required argument 'ref'"],
    [['ls', 'a', 'b'], 2, "too many arguments for 'ls'"],
    [['ls', '--jsn'], 2, "unknown option '--jsn'; did you mean --json?"],
    [['tre', 'x'], 2, 'unknown command "tre"; did you mean tree?'],
  ])('%j: one line that says why', async (args, code, text) => {
    const { moorage } = await machine();
    const exit = await moorage(...args);
    expect(exit.stderr).toMatch(/^moorage: [^\n]+\n$/);
    expect(exit.stderr).toContain(text);
    expect(exit).toMatchObject({ code, stdout: '' });
  });

  it('a registry without a catalog: name a repository', async () => {
    const { moorage } = await machine();
    const server = createServer((_request, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await moorage('ls', `127.0.0.1:${port}`);
    expect(stderr).toBe(`moorage: http://127.0.0.1:${port} has no catalog of its repositories; name one: HOST/NAME\n`);
    expect(code).toBe(1);
  });
});

describe('help', () => {
  it.each([
    ['ls', ['PATH', 'HOST:PORT', '--json', '--root', '--plain-http', 'Exit codes']],
    ['tree', ['HOST/NAME[:TAG|@DIGEST]', 'PATH[:TAG|@DIGEST]', '--json', '--no-trunc', 'Exit codes']],
  ])('of %s tells what its argument means', async (command, texts) => {
    const { code, stdout } = await runMoorage([command, '--help']);
    expect(code).toBe(0);
    for (const text of texts) expect(stdout).toContain(text);
  });
});
