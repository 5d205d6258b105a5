// Archives opened as layouts: those that are one, those that `docker save` of an older engine wrote, and those that are neither.
import { createHash } from 'node:crypto';
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openLayoutArchive } from '../../../src/docker-archive/docker-archive.ts';
import type { ObjectReader } from '../../../src/storage/object-store.ts';
import { type Archives, key, newArchives, refusalOf, textAt } from '../storage/archive/archives.ts';
import { longName, type TarMember, tarOf } from '../storage/archive/tar-writer.ts';
import { zstdFrame } from '../storage/archive/zstd-writer.ts';

const imageA = 'sha256:d41a8bedca7607ebf8317f657342d13f374c18df27845f704fc9b3d11880da7b';

function sha256(bytes: string | Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function configOf(...layers: readonly (string | Buffer)[]): string {
  return JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: layers.map(sha256) },
  });
}

function manifestOf(...images: readonly object[]): TarMember {
  return { path: 'manifest.json', content: JSON.stringify(images) };
}

async function opened(archives: Archives, bytes: Buffer): Promise<ObjectReader> {
  const { reader: store } = await openLayoutArchive(await archives.write(bytes), archives.options);
  onTestFinished(() => store.close());
  return store;
}

interface Entry {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

async function entriesOf(store: ObjectReader): Promise<readonly Entry[]> {
  return (JSON.parse((await textAt(store, 'index.json')) ?? '') as { manifests: Entry[] }).manifests;
}

function blobText(store: ObjectReader, digest: string | undefined): Promise<string | undefined> {
  return textAt(store, `blobs/${digest?.replace(':', '/')}`);
}

function named(full: string, tag: string) {
  return { 'io.containerd.image.name': full, 'org.opencontainers.image.ref.name': tag };
}

const layer = 'a layer';
const config = configOf(layer);
const parts: readonly TarMember[] = [
  { path: 'config.json', content: config },
  { path: 'one/layer.tar', content: layer },
];

describe('a docker save without index.json', () => {
  test.each([
    ['skopeo-1.9.3', [named('docker.io/acme/app:v1', 'v1')]],
    ['podman-4.3.1', [named('docker.io/acme/app:v1', 'v1'), named('localhost/other:v2', 'v2')]],
  ])('that %s wrote is the image that it was made from', async (name, expected) => {
    const archives = await newArchives();
    const fixture = fileURLToPath(new URL(`../../fixtures/archives/${name}.tar`, import.meta.url));
    const store = await opened(archives, await readFile(fixture));
    expect(await textAt(store, 'oci-layout')).toBe('{"imageLayoutVersion":"1.0.0"}');
    const entries = await entriesOf(store);
    expect(entries.map(({ annotations }) => annotations)).toEqual(expected);
    expect(new Set(entries.map(({ digest }) => digest))).toEqual(new Set([imageA]));
    for (const { name: encoded } of await store.list(key('blobs/sha256'))) {
      const bytes = (await store.read(key(`blobs/sha256/${encoded}`), 10_000))?.bytes;
      expect(sha256(Buffer.from(bytes ?? []))).toBe(`sha256:${encoded}`);
    }
    expect(await store.list(key('blobs/sha256'))).toHaveLength(3);
    expect(await store.list(key(''))).toEqual([
      { name: 'blobs', kind: 'prefix' },
      { name: 'index.json', kind: 'object' },
      { name: 'oci-layout', kind: 'object' },
    ]);
    expect(archives.warnings).toEqual([]);
  });

  test('gives the same bytes each time, and serves them by every way of reading', async () => {
    const image = { Config: 'config.json', RepoTags: ['app:v1'], Layers: ['one/layer.tar'] };
    const archives = await newArchives();
    const store = await opened(archives, tarOf(...parts, manifestOf(image)));
    const [entry] = await entriesOf(store);
    const manifest = await blobText(store, entry?.digest);
    expect(sha256(manifest ?? '')).toBe(entry?.digest);
    expect(manifest).toBe(
      `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"${sha256(config)}","size":${config.length}},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"${sha256(layer)}","size":7}]}`,
    );
    for (const path of [
      'index.json',
      `blobs/${entry?.digest.replace(':', '/')}`,
      `blobs/${sha256(layer).replace(':', '/')}`,
    ]) {
      const [info, open] = [await store.stat(key(path)), await store.open(key(path))];
      if (info === undefined || open === undefined) throw new Error(`${path} is absent`);
      expect(open.info.version).toBe(info.version);
      expect(await store.isCurrent(key(path), info)).toBe(true);
      expect(await store.isCurrent(key('oci-layout'), info)).toBe(false);
      const buffer = Buffer.alloc(info.size + 10);
      expect(await open.readInto(buffer, 0)).toBe(info.size);
      expect(await open.readInto(buffer, info.size - 1)).toBe(1);
      expect(await open.readInto(buffer, info.size)).toBe(0);
      expect((await refusalOf(store.read(key(path), info.size - 1))).failure).toBe('too-large');
      await open.close();
    }
    for (const path of ['manifest.json', 'config.json', 'one/layer.tar', 'blobs', 'blobs/sha256/00']) {
      expect(await store.stat(key(path))).toBeUndefined();
      expect(await store.read(key(path), 10)).toBeUndefined();
      expect(await store.open(key(path))).toBeUndefined();
    }
  });

  test('follows links among its layers, and tells how they are compressed', async () => {
    const archives = await newArchives();
    const [gzipped, zstd] = [gzipSync('x'), zstdFrame(Buffer.from('y'))];
    const members: readonly TarMember[] = [
      ...parts,
      { path: 'two/layer.tar', type: '2', linkPath: '../one/layer.tar' },
      { path: 'gz', content: gzipped },
      { path: 'zst', content: zstd },
      { path: 'c2', content: configOf(layer, layer, 'x', 'y') },
    ];
    const image = { Config: 'c2', RepoTags: ['a:1'], Layers: ['one/layer.tar', 'two/layer.tar', 'gz', 'zst'] };
    const store = await opened(archives, tarOf(...members, manifestOf(image)));
    const manifest = JSON.parse((await blobText(store, (await entriesOf(store))[0]?.digest)) ?? '') as {
      layers: Entry[];
    };
    expect(manifest.layers.map(({ mediaType, digest }) => [mediaType.replace(/.*\.v1\./, ''), digest])).toEqual([
      ['tar', sha256(layer)],
      ['tar', sha256(layer)],
      ['tar+gzip', sha256(gzipped)],
      ['tar+zstd', sha256(zstd)],
    ]);
  });

  test('has one entry without a name for an image without one, and a name only for the last image that has it', async () => {
    const archives = await newArchives();
    const [Config, Layers] = ['config.json', ['one/layer.tar']];
    const members = [...parts, { path: 'empty.json', content: configOf() }];
    const images = [
      { Config, Layers, RepoTags: null },
      { Config, Layers, RepoTags: ['<none>:<none>'] },
      { Config, Layers, RepoTags: ['app:v1', 'app:v2'] },
      { Config: 'empty.json', Layers: null, RepoTags: ['docker.io/library/app:v1'] },
    ];
    const store = await opened(archives, tarOf(...members, manifestOf(...images)));
    const entries = await entriesOf(store);
    const v1 = 'docker.io/library/app:v1';
    expect(entries.map(({ annotations }) => annotations?.['io.containerd.image.name'])).toEqual([
      undefined,
      undefined,
      'docker.io/library/app:v2',
      v1,
    ]);
    expect(entries[3]?.digest).not.toBe(entries[2]?.digest);
    expect(archives.warnings).toEqual(['an image of an archive has a name that nobody can ask for']);
  });

  test('an image that cannot be made is left out and reported, the others are served', async () => {
    const archives = await newArchives();
    const good = { Config: 'config.json', RepoTags: ['good:v1'], Layers: ['one/layer.tar'] };
    const members: readonly TarMember[] = [
      ...parts,
      { path: 'loop', type: '2', linkPath: 'loop' },
      { path: 'out', type: '2', linkPath: '../../etc/passwd' },
      { path: 'other', content: 'not the layer' },
      { path: 'nonsense.json', content: '{"rootfs":{"diff_ids":"none"}}' },
      { path: 'text', content: 'text' },
      { path: 'large', content: Buffer.alloc(4 * 1024 * 1024 + 1, ' ') },
    ];
    const bad: readonly (readonly [string, unknown])[] = [
      ['../config.json is not in the archive', { ...good, Config: '../config.json' }],
      ['/etc/passwd is not in the archive', { ...good, Config: '/etc/passwd' }],
      ['loop is not in the archive', { ...good, Layers: ['loop'] }],
      ['out is not in the archive', { ...good, Layers: ['out'] }],
      ['one is not in the archive', { ...good, Layers: ['one'] }],
      ['it has 2 layers, but its config names 1', { ...good, Layers: ['one/layer.tar', 'one/layer.tar'] }],
      ['it has 0 layers, but its config names 1', { Config: 'config.json' }],
      [`its layer other is ${sha256('not the layer')}`, { ...good, Layers: ['other'] }],
      ['nonsense.json is not an image config', { ...good, Config: 'nonsense.json' }],
      ['text is not an image config', { ...good, Config: 'text' }],
      ['its config is larger', { ...good, Config: 'large' }],
      ['it has no Config', { RepoTags: ['x:1'], Layers: [] }],
      ['it has no Config', { ...good, Layers: 'one/layer.tar' }],
      ['it has no Config', null],
    ];
    const images = [...bad.map(([, image]) => image), good];
    const bytes = tarOf(...members, { path: 'manifest.json', content: JSON.stringify(images) });
    const store = await opened(archives, bytes);
    expect(await entriesOf(store)).toHaveLength(1);
    const reasons = archives.lines
      .filter(({ level }) => level === 'warn')
      .map(({ details }) => Reflect.get(details, 'reason'));
    expect(reasons).toEqual(bad.map(([reason]) => expect.stringContaining(reason)));
  });

  test('in a directory of the archive, and compressed, is found too', async () => {
    const archives = await newArchives();
    const image = manifestOf({ Config: 'config.json', RepoTags: ['app:v1'], Layers: ['one/layer.tar'] });
    const members = [...parts, image].map((each) => ({ ...each, path: `saved/${each.path}` }));
    const store = await opened(archives, gzipSync(tarOf(...members)));
    expect(await entriesOf(store)).toHaveLength(1);
  });
});

describe('digests of layers', () => {
  const bytes = tarOf(...parts, manifestOf({ Config: 'config.json', RepoTags: ['a:1'], Layers: ['one/layer.tar'] }));
  const hashing = 'hashing the layers of an archive, once';

  async function openAgain(archives: Archives): Promise<number> {
    archives.lines.length = 0;
    const { reader: store } = await openLayoutArchive(join(archives.directory, 'x.tar'), archives.options);
    expect(await entriesOf(store)).toHaveLength(1);
    await store.close();
    return archives.lines.filter(({ message }) => message === hashing).length;
  }

  test('are remembered across restarts, while the archive stays as it is', async () => {
    const archives = await newArchives();
    await opened(archives, bytes);
    const directory = join(archives.options.workDirectory, 'docker-archives');
    const [name = ''] = await readdir(directory);
    expect(await openAgain(archives)).toBe(0);
    for (const damaged of [
      '',
      '{"version":1,',
      '{"version":2,"members":{}}',
      '{"version":1,"members":{"a":{"digest":"x"}}}',
    ]) {
      await writeFile(join(directory, name), damaged);
      expect(await openAgain(archives)).toBe(1);
      expect(await openAgain(archives)).toBe(0);
    }
    await copyFile(join(archives.directory, 'x.tar'), join(archives.directory, 'copy'));
    await rm(join(archives.directory, 'x.tar'));
    await copyFile(join(archives.directory, 'copy'), join(archives.directory, 'x.tar'));
    expect(await openAgain(archives)).toBe(1);
    expect(await readdir(directory)).toHaveLength(1);
    expect(await readdir(directory)).not.toContain(name);
  });

  test('that cannot be kept are no failure', async () => {
    const archives = await newArchives();
    await writeFile(archives.options.workDirectory, 'a file');
    expect(await entriesOf(await opened(archives, bytes))).toHaveLength(1);
    expect(archives.warnings).toEqual(['the digests of an archive cannot be kept: the next start hashes again']);
  });
});

describe('other archives', () => {
  test('with an index.json are served as they are, whatever else is there', async () => {
    const archives = await newArchives();
    const store = await opened(
      archives,
      tarOf({ path: 'index.json', content: '{"x":1}' }, manifestOf({ Config: 'x' })),
    );
    expect(await textAt(store, 'index.json')).toBe('{"x":1}');
    expect(archives.lines).toEqual([]);
  });

  test.each<[string, readonly TarMember[]]>([
    ['neither index.json nor', [{ path: 'README', content: 'x' }]],
    ['neither index.json nor', []],
    ['not that of `docker save`', [{ path: 'manifest.json', content: '{"schemaVersion":2}' }]],
    ['not that of `docker save`', [{ path: 'manifest.json', content: '[{' }]],
    [
      'before 1.10',
      [
        { path: 'repositories', content: '{}' },
        { path: '00/json', content: '{}' },
      ],
    ],
    ['docker export', [{ path: '.dockerenv' }, { path: 'etc/passwd' }]],
    [
      'neither index.json nor',
      [
        { path: 'web/index.json', content: '{}' },
        { path: 'web/index.html', content: '' },
        { path: 'b/blobs', content: '' },
      ],
    ],
  ])('are refused: %s', async (message, members) => {
    const archives = await newArchives();
    const refusal = await refusalOf(opened(archives, tarOf(...members)));
    expect(refusal.failure).toBe('unsafe');
    expect(refusal.message).toContain(message);
  });

  test('with a manifest.json, or images, beyond all measure are refused', async () => {
    const archives = await newArchives();
    const large = tarOf({ path: 'manifest.json', content: Buffer.alloc(4 * 1024 * 1024 + 1, ' ') });
    expect((await refusalOf(opened(archives, large))).failure).toBe('too-large');
    // Few bytes name one layer many times: the manifests of it would fill the memory.
    const layers = 20_000;
    const many = { path: 'c', content: configOf(...Array.from({ length: layers }, () => layer)) };
    const image = { Config: 'c', Layers: Array.from({ length: layers }, () => 'l') };
    const images = Array.from({ length: 45 }, (_, i) => ({ ...image, RepoTags: [`a:${i}`] }));
    const bomb = tarOf(many, { path: 'l', content: layer }, longName('L', 'manifest.json'), manifestOf(...images));
    expect((await refusalOf(opened(archives, bomb))).failure).toBe('too-large');
  });
});
