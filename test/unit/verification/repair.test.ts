// What `verify --repair` puts right: from where, under which names, what it leaves alone, and what becomes of what nobody has.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
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
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Digest, encodedOf } from '../../../src/oci/digest.ts';
import type { Verification } from '../../../src/verification/verification.ts';
import { blobPath, blobsOf, entryOf, findingsOf, serve, serveRoot, writeStranger } from '../../hostile/stranger.ts';
import { blobOf, imageManifest } from '../../support/content.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { pushedRoot, verified } from '../../support/verified.ts';

const layer = blobOf('the bytes of a layer');
const image = imageManifest({ layers: [layer] });
const rotten = 'THE bytes of a layer';

const fileIn = (root: string, name: string, digest: Digest = layer.digest) => blobPath(join(root, name), digest);
const pooled = (root: string) => join(root, '.moorage/pool/sha256', encodedOf(layer.digest));
const repair = (root: string, how: object = {}) => verified(root, { isRoot: true, repair: true, ...how });
const outcomes = ({ repairs }: Verification) => repairs.map(({ outcome, path }) => `${outcome} ${path}`).sort();
const left = ({ parts }: Verification) => findingsOf(parts).map(({ code }) => code);
const inode = (path: string) => statSync(path).ino;

/** A layout of the same image, of another tool. */
async function goodLayout(): Promise<string> {
  return writeStranger(join(await temporaryDirectory(), 'good'), {
    entries: [entryOf(image, 'v1')],
    blobs: blobsOf(image),
  });
}

/** The file of a name alone, whatever shared it. */
function writeAlone(path: string, bytes: string | Buffer): void {
  rmSync(path, { force: true });
  writeFileSync(path, bytes);
}

async function pulled(root: string, name: string): Promise<number> {
  const { get, stop } = await serveRoot(root);
  const { status, text } = await get(`/v2/${name}/blobs/${layer.digest}`);
  await stop();
  return status === 200 && text === layer.bytes.toString() ? 200 : status;
}

describe('a good copy', () => {
  it('of the pool replaces the one that has rotted beside it', async () => {
    const root = await pushedRoot(image);
    writeAlone(fileIn(root, 'team/app'), rotten);
    const done = await repair(root);
    expect(outcomes(done)).toEqual([`mended team/app/blobs/sha256/${encodedOf(layer.digest)}`]);
    expect(done.repairs[0]?.detail).toBe('the pool');
    expect(left(done)).toEqual([]);
    expect(inode(fileIn(root, 'team/app'))).toBe(inode(pooled(root)));
    expect(await pulled(root, 'team/app')).toBe(200);
  });

  it('of another repository replaces every link of the bad file, the one of the pool too', async () => {
    const root = await pushedRoot(image, 'team/app', 'team/copy', 'other');
    writeFileSync(fileIn(root, 'team/app'), rotten);
    writeAlone(fileIn(root, 'other'), layer.bytes);
    const done = await repair(root);
    const name = `blobs/sha256/${encodedOf(layer.digest)}`;
    expect(outcomes(done)).toEqual([
      `mended .moorage/pool/sha256/${encodedOf(layer.digest)}`,
      `mended team/app/${name}`,
      `mended team/copy/${name}`,
    ]);
    expect(left(done)).toEqual([]);
    for (const path of [pooled(root), fileIn(root, 'team/app'), fileIn(root, 'team/copy')]) {
      expect(inode(path)).toBe(inode(fileIn(root, 'other')));
    }
    expect(await repair(root)).toMatchObject({ repairs: [] });
  });

  it('replaces the links of other repositories as well where only one was named', async () => {
    const root = await pushedRoot(image, 'team/app', 'team/copy');
    writeFileSync(fileIn(root, 'team/app'), rotten);
    await repair(root, { within: 'team/app', from: await goodLayout() });
    expect(left(await verified(root, { isRoot: true }))).toEqual([]);
  });

  it('of the journal brings a manifest back, lost or rotten, as a file of its own', async () => {
    const root = await pushedRoot(image);
    const manifest = fileIn(root, 'team/app', image.digest);
    for (const damage of [() => rmSync(manifest), () => writeFileSync(manifest, '{}')]) {
      damage();
      const done = await repair(root);
      expect(done.repairs).toMatchObject([{ outcome: 'mended', detail: 'the journal' }]);
      expect(left(done)).toEqual([]);
      expect(readFileSync(manifest)).toEqual(image.bytes);
    }
  });

  it('of a manifest that was deleted and can be put back is told of, and mended as well', async () => {
    const root = await pushedRoot(image, 'team/app', 'team/copy');
    const { del, stop } = await serveRoot(root);
    expect((await del(`/v2/team/copy/manifests/${image.digest}`)).status).toBe(202);
    await stop();
    const kept = join(root, '.moorage/history/team/copy/.manifests/sha256', encodedOf(image.digest));
    writeFileSync(kept, '{}');
    expect(left(await verified(root, { isRoot: true }))).toEqual(['wrong-digest']);
    expect((await repair(root)).repairs).toMatchObject([{ outcome: 'mended', detail: 'team/app' }]);
    expect(readFileSync(kept)).toEqual(image.bytes);
  });

  it('of a manifest in another repository is copied, and never linked', async () => {
    const root = await pushedRoot(image, 'team/app', 'team/copy');
    rmSync(join(root, '.moorage/journal'), { recursive: true });
    writeFileSync(fileIn(root, 'team/app', image.digest), '{}');
    expect((await repair(root)).repairs).toMatchObject([{ outcome: 'mended', detail: 'team/copy' }]);
    expect(statSync(fileIn(root, 'team/app', image.digest)).nlink).toBe(1);
  });

  it.each<[what: string, from: () => Promise<string>]>([
    ['a layout', goodLayout],
    ['a root', () => pushedRoot(image, 'elsewhere')],
  ])('of %s that was named brings back what is nowhere else', async (_, from) => {
    const root = await pushedRoot(image);
    writeFileSync(fileIn(root, 'team/app'), rotten);
    rmSync(fileIn(root, 'team/app', image.config.digest));
    rmSync(join(root, '.moorage/pool/sha256', encodedOf(image.config.digest)));
    const done = await repair(root, { from: await from() });
    expect(left(done)).toEqual([]);
    expect(done.repairs.every(({ outcome }) => outcome === 'mended')).toBe(true);
    expect(await pulled(root, 'team/app')).toBe(200);
  });

  it.each<[what: string, make: (path: string) => unknown]>([
    ['a FIFO', (path) => execFileSync('mkfifo', [path])],
    ['a symbolic link', (path) => symlinkSync('/etc/hostname', path)],
    ['a directory', (path) => mkdirSync(path)],
  ])('takes the place of no file but regular ones: %s stays, with the reason', async (_, make) => {
    const root = await pushedRoot(image);
    rmSync(fileIn(root, 'team/app'));
    make(fileIn(root, 'team/app'));
    const { mode } = lstatSync(fileIn(root, 'team/app'));
    const done = await repair(root);
    expect(done.repairs).toMatchObject([{ outcome: 'kept', detail: expect.stringContaining('not a regular file') }]);
    expect(lstatSync(fileIn(root, 'team/app')).mode).toBe(mode);
  });

  it('that has rotted as well is none, whatever its name says', async () => {
    const root = await pushedRoot(image, 'team/app', 'other');
    const source = await goodLayout();
    writeFileSync(fileIn(root, 'team/app'), rotten);
    writeAlone(fileIn(root, 'other'), 'the bytes of a LAYER');
    writeFileSync(blobPath(source, layer.digest), 'the BYTES of a layer');
    const done = await repair(root, { from: source });
    expect(new Set(done.repairs.map(({ outcome }) => outcome))).toEqual(new Set(['quarantined']));
  });
});

it('brings back what a repair put aside and was killed before it put it back: a push had come in between', async () => {
  const root = await pushedRoot(image);
  const aside = join(root, '.moorage/quarantine/sha256');
  mkdirSync(aside, { recursive: true });
  writeFileSync(join(aside, `${encodedOf(layer.digest)}.1`), rotten);
  renameSync(fileIn(root, 'team/app'), join(aside, `${encodedOf(layer.digest)}.2`));
  rmSync(pooled(root));
  const done = await repair(root);
  expect(done.repairs).toMatchObject([{ outcome: 'mended', detail: 'what was put aside' }]);
  expect(await pulled(root, 'team/app')).toBe(200);
});

describe('what nobody has', () => {
  it('is put aside under a note, never served, and kept while others come', async () => {
    const root = await pushedRoot(image);
    writeFileSync(fileIn(root, 'team/app'), rotten);
    const done = await repair(root);
    expect(left(done)).toEqual(['lost-content', 'quarantined', 'quarantined']);
    expect(existsSync(fileIn(root, 'team/app'))).toBe(false);
    expect(existsSync(pooled(root))).toBe(false);
    const directory = join(root, '.moorage/quarantine/sha256');
    const name = encodedOf(layer.digest);
    expect(readdirSync(directory).sort()).toEqual([`${name}.1`, `${name}.1.json`, `${name}.2`, `${name}.2.json`]);
    expect(readFileSync(join(directory, `${name}.1`), 'utf8')).toBe(rotten);
    expect(JSON.parse(readFileSync(join(directory, `${name}.1.json`), 'utf8'))).toEqual({
      digest: layer.digest,
      from: `team/app/blobs/sha256/${name}`,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      why: `its bytes are ${blobOf(rotten).digest}`,
    });
    expect(await pulled(root, 'team/app')).toBe(404);
    // Again: there is nothing to do but what nobody can.
    expect(outcomes(await repair(root))).toEqual([`kept team/app/blobs/sha256/${name}`]);
    expect(readdirSync(directory)).toHaveLength(4);
    const { post, stop } = await serveRoot(root);
    await post(`/v2/team/app/blobs/uploads/?digest=${layer.digest}`, layer.bytes);
    await stop();
    expect(left(await repair(root))).toEqual(['quarantined', 'quarantined']);
  });

  it('as far as anybody can tell: with a source that does not answer nothing is put aside', async () => {
    const root = await pushedRoot(image);
    writeFileSync(fileIn(root, 'team/app'), rotten);
    const done = await repair(root, { from: 'http://localhost:1/team/app' });
    expect(new Set(done.repairs.map(({ outcome }) => outcome))).toEqual(new Set(['kept']));
    expect(readFileSync(fileIn(root, 'team/app'), 'utf8')).toBe(rotten);
  });

  it('and nothing lists any more does not come back', async () => {
    const root = await pushedRoot(image, 'team/app', 'other');
    rmSync(fileIn(root, 'team/app', image.digest));
    const found = await verified(root, { isRoot: true });
    expect(left(found)).toEqual(['lost-manifest']);
    writeFileSync(join(root, 'team/app/index.json'), '{"schemaVersion":2,"manifests":[]}');
    expect(outcomes(await repair(root))).toEqual([]);
    expect(existsSync(fileIn(root, 'team/app', image.digest))).toBe(false);
  });

  it('of an archive is left as it is, with the reason', async () => {
    const directory = await goodLayout();
    writeFileSync(blobPath(directory, layer.digest), rotten);
    const archive = join(await temporaryDirectory(), 'good.tar');
    execFileSync('tar', ['-cf', archive, '-C', directory, '.']);
    const before = readFileSync(archive);
    const done = await verified(archive, { repair: true });
    expect(done.repairs).toMatchObject([{ outcome: 'kept', detail: expect.stringContaining('is an archive') }]);
    expect(left(done)).toContain('wrong-digest');
    expect(readFileSync(archive)).toEqual(before);
  });
});

describe('a repair', () => {
  it('changes no good file, in no layout of any tool', async () => {
    const directory = await goodLayout();
    mkdirSync(join(directory, 'blobs/sha256/strange'));
    writeFileSync(join(directory, 'blobs/sha256', encodedOf(blobOf('stray').digest)), 'wrong');
    const before = blobsOf(image).map(({ digest }) => statSync(blobPath(directory, digest)).mtimeMs);
    const done = await verified(directory, { repair: true });
    expect(done.repairs).toMatchObject([{ outcome: 'quarantined' }]);
    for (const { digest, bytes } of blobsOf(image)) expect(readFileSync(blobPath(directory, digest))).toEqual(bytes);
    expect(blobsOf(image).map(({ digest }) => statSync(blobPath(directory, digest)).mtimeMs)).toEqual(before);
    expect(left(done)).toEqual(['non-digest-file', 'quarantined']);
  });

  it('writes the oci-layout file that is missing, and no other', async () => {
    const directory = await goodLayout();
    rmSync(join(directory, 'oci-layout'));
    const done = await verified(directory, { repair: true });
    expect(done.repairs).toMatchObject([{ outcome: 'mended', path: 'oci-layout' }]);
    expect(left(done)).toEqual([]);
    writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}');
    expect((await verified(directory, { repair: true })).repairs).toEqual([]);
    expect(readFileSync(join(directory, 'oci-layout'), 'utf8')).toContain('2.0.0');
  });

  it('without --repair writes nothing, also where there are good copies', async () => {
    const root = await pushedRoot(image);
    writeAlone(fileIn(root, 'team/app'), rotten);
    const copy = join(await temporaryDirectory(), 'copy');
    cpSync(root, copy, { recursive: true });
    await verified(root, { isRoot: true });
    expect(readFileSync(fileIn(root, 'team/app'), 'utf8')).toBe(rotten);
    expect(readdirSync(join(root, '.moorage')).sort()).toEqual(readdirSync(join(copy, '.moorage')).sort());
  });

  it('beside a running server is seen by it: what was 404 is served', async () => {
    const root = await pushedRoot(image);
    writeFileSync(fileIn(root, 'team/app'), rotten);
    const { get } = await serve(root);
    expect((await get(`/v2/team/app/blobs/${layer.digest}`)).status).toBe(404);
    await repair(root, { from: await goodLayout() });
    const answer = await get(`/v2/team/app/blobs/${layer.digest}`);
    expect([answer.status, answer.text]).toEqual([200, layer.bytes.toString()]);
  });

  it('of a file that a push mended meanwhile leaves it', async () => {
    const root = await pushedRoot(image);
    writeAlone(fileIn(root, 'team/app'), rotten);
    writeAlone(fileIn(root, 'team/app'), layer.bytes);
    expect((await repair(root)).repairs).toEqual([]);
  });
});
