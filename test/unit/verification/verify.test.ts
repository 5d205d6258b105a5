// What a verification finds, in a layout that is damaged in every way that one can be, and that it changes nothing.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/inspection/findings/finding.ts';
import { encodedOf } from '../../../src/oci/digest.ts';
import { parseTag } from '../../../src/oci/reference.ts';
import {
  blobPath,
  blobsOf,
  entryOf,
  findingsOf,
  type LayoutContent,
  writeBlob,
  writeIndex,
  writeStranger,
} from '../../hostile/stranger.ts';
import { blobOf, contentOf, imageIndex, imageManifest, referrerOf } from '../../support/content.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { pushedRoot, verified } from '../../support/verified.ts';

const layer = blobOf('the bytes of a layer');
const image = imageManifest({ layers: [layer] });
const whole: LayoutContent = { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) };

async function layout(content: LayoutContent = whole): Promise<string> {
  return writeStranger(join(await temporaryDirectory(), 'app'), content);
}

async function found(path: string): Promise<readonly Finding[]> {
  return findingsOf((await verified(path)).parts);
}

/** All that lies in a directory: names, kinds, modes, times and bytes. */
function everythingIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true })
    .map((name) => {
      const path = join(directory, String(name));
      const stats = lstatSync(path);
      const bytes = stats.isFile() ? readFileSync(path).toString('base64') : '';
      return `${name} ${stats.mode} ${stats.nlink} ${stats.mtimeMs} ${bytes}`;
    })
    .sort();
}

function inPlaceOf(path: string, make: (path: string) => unknown): void {
  rmSync(path);
  make(path);
}

/** What a repair must leave as it is: blobs that are what their names say, and the files that it does not understand. */
function goodFilesIn(directory: string): readonly string[] {
  const good = blobsOf(image).flatMap(({ digest, bytes }) => {
    const path = blobPath(directory, digest);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats?.isFile() && readFileSync(path).equals(bytes) ? [`${digest} ${stats.ino} ${stats.mtimeMs}`] : [];
  });
  const others = ['index.json', 'oci-layout', 'blobs/sha256/part'].map((name) => join(directory, name));
  return [...good, ...others.filter((path) => existsSync(path)).map((path) => readFileSync(path).toString('base64'))];
}

const layerFile = (directory: string) => blobPath(directory, layer.digest);
const manifestFile = (directory: string) => blobPath(directory, image.digest);
const layerPath = `blobs/sha256/${encodedOf(layer.digest)}`;

describe('a layout', () => {
  it('that is whole has nothing wrong', async () => {
    const { parts, repairs, totals } = await verified(await layout());
    expect(findingsOf(parts)).toEqual([]);
    expect(repairs).toEqual([]);
    const bytes = blobsOf(image).reduce((sum, each) => sum + each.bytes.byteLength, 0);
    expect(totals).toEqual({ files: 3, bytes });
  });

  it.each<[what: string, code: string, change: (directory: string) => void]>([
    ['other bytes', 'wrong-digest', (at) => writeFileSync(layerFile(at), 'THE bytes of a layer')],
    ['a truncated layer', 'wrong-size', (at) => truncateSync(layerFile(at), 3)],
    ['an empty layer', 'wrong-size', (at) => truncateSync(layerFile(at), 0)],
    ['a truncated manifest', 'wrong-size', (at) => truncateSync(manifestFile(at), 3)],
    ['a lost layer', 'missing-content', (at) => rmSync(layerFile(at))],
    ['a lost manifest', 'dangling-tag', (at) => rmSync(manifestFile(at))],
    ['a directory for a layer', 'irregular-file', (at) => inPlaceOf(layerFile(at), mkdirSync)],
    [
      'a FIFO for a layer',
      'irregular-file',
      (at) => inPlaceOf(layerFile(at), (path) => execFileSync('mkfifo', [path])),
    ],
    [
      'a link for a layer',
      'symbolic-link',
      (at) => inPlaceOf(layerFile(at), (path) => symlinkSync('/etc/hostname', path)),
    ],
    ['a stray with a wrong name', 'wrong-digest', (at) => writeBlob(at, blobOf('stray').digest, Buffer.from('other'))],
    ['a name that is no digest', 'non-digest-file', (at) => writeFileSync(join(at, 'blobs/sha256/part'), '')],
    [
      'a digest in upper case',
      'non-digest-file',
      (at) => writeFileSync(join(at, 'blobs/sha256', encodedOf(layer.digest).toUpperCase()), ''),
    ],
    ['a cut index.json', 'index-unreadable', (at) => truncateSync(join(at, 'index.json'), 20)],
    ['an index.json of another type', 'index-unreadable', (at) => writeFileSync(join(at, 'index.json'), '[1]')],
    ['a missing oci-layout', 'oci-layout-missing', (at) => rmSync(join(at, 'oci-layout'))],
    ['a broken oci-layout', 'oci-layout-unreadable', (at) => writeFileSync(join(at, 'oci-layout'), '{')],
    [
      'JSON after the end',
      'trailing-garbage',
      (at) => writeFileSync(join(at, 'index.json'), `${readFileSync(join(at, 'index.json'))}]}`),
    ],
    [
      'a million brackets in index.json',
      'index-unreadable',
      (at) => writeFileSync(join(at, 'index.json'), `{"manifests":${'['.repeat(1_000_000)}`),
    ],
    [
      'a million brackets for a manifest',
      'not-a-manifest',
      (at) => {
        const bomb = contentOf(Buffer.from(`{"layers":${'['.repeat(1_000_000)}`), image.descriptor.mediaType);
        writeBlob(at, bomb.digest, bomb.bytes);
        writeIndex(at, [entryOf(image, 'v1'), entryOf(bomb, 'v2')]);
      },
    ],
  ])('with %s: %s, with its file and a remedy; a repair beside it changes nothing good', async (_, code, change) => {
    const directory = await layout();
    change(directory);
    const before = everythingIn(directory);
    const good = goodFilesIn(directory);
    const findings = await found(directory);
    const about = findings.filter((each) => each.code === code);
    expect(findings.map((each) => each.code)).toContain(code);
    for (const { path, remedy } of about) {
      expect(path).toMatch(/^(blobs\/sha256\/\w+|index\.json|oci-layout)$/);
      expect(remedy).not.toBe('');
    }
    expect(everythingIn(directory)).toEqual(before);
    await verified(directory, { repair: true });
    expect(goodFilesIn(directory)).toEqual(expect.arrayContaining([...good]));
  });

  it('names the entry that a damaged or lost layer belongs to', async () => {
    const directory = await layout();
    writeFileSync(layerFile(directory), 'THE bytes of a layer');
    expect(await found(directory)).toMatchObject([
      { code: 'wrong-digest', name: 'v1', path: layerPath, digest: layer.digest },
    ]);
    rmSync(layerFile(directory));
    expect(await found(directory)).toMatchObject([
      { code: 'missing-content', name: 'v1', path: layerPath, detail: `in ${image.digest}` },
    ]);
  });

  it('whose entry says another size, or another digest than can be', async () => {
    const wrong = { ...entryOf(image, 'v1'), size: 1 };
    const upper = { ...entryOf(image, 'v2'), digest: image.digest.toUpperCase() };
    const directory = await layout({ entries: [wrong, upper], blobs: blobsOf(image) });
    expect(await found(directory)).toMatchObject([
      { code: 'wrong-size', name: 'v1', path: `blobs/sha256/${encodedOf(image.digest)}` },
      { code: 'invalid-digest', name: 'v2' },
    ]);
  });

  it('may be sparse: an index of some platforms, and a referrer without its subject, are no damage', async () => {
    const index = imageIndex({ manifests: [image, imageManifest({ annotations: { other: 'platform' } })] });
    const referrer = referrerOf(blobOf('gone').digest, 'application/x');
    const entries = [entryOf(index, 'v1'), entryOf(referrer)];
    const directory = await layout({ entries, blobs: [index, ...blobsOf(image), ...blobsOf(referrer)] });
    const findings = await found(directory);
    expect(findings.map(({ code, severity }) => `${severity} ${code}`).sort()).toEqual([
      'note missing-subject',
      'note never-here',
    ]);
  });

  it('of an index without any of its platforms is none', async () => {
    const index = imageIndex({ manifests: [image] });
    const findings = await found(await layout({ entries: [entryOf(index, 'v1')], blobs: [index] }));
    expect(findings).toMatchObject([{ code: 'missing-child', severity: 'warning' }]);
  });

  it('tells of a manifest that has another name, which skopeo would write through', async () => {
    const directory = await layout();
    linkSync(manifestFile(directory), join(directory, '../backup'));
    expect(await found(directory)).toMatchObject([{ code: 'linked-manifest', severity: 'note' }]);
  });
});

describe('an image', () => {
  it('is verified with all that it leads to, and nothing else', async () => {
    const other = imageManifest({ layers: [blobOf('other layer')] });
    const [otherLayer] = other.layers;
    const entries = [entryOf(image, 'v1'), entryOf(other, 'v2')];
    const directory = await layout({ entries, blobs: [...blobsOf(image), ...blobsOf(other)] });
    writeBlob(directory, otherLayer?.digest ?? layer.digest, Buffer.from('rotten layer'));
    const of = async (tag: string) => {
      const { parts, totals } = await verified(directory, { reference: { kind: 'tag', tag: parseTag(tag) } });
      return { codes: findingsOf(parts).map(({ code }) => code), files: totals.files };
    };
    expect(await of('v1')).toEqual({ codes: [], files: 3 });
    expect(await of('v2')).toEqual({ codes: ['wrong-size', 'wrong-digest'], files: 3 });
    const byDigest = await verified(directory, { reference: { kind: 'digest', digest: image.digest } });
    expect(byDigest.totals.files).toBe(3);
    await expect(of('v3')).rejects.toThrow('there is no tag "v3"');
  });
});

describe('a root', () => {
  const pooled = (root: string) => join(root, '.moorage/pool/sha256', encodedOf(layer.digest));
  const app = (root: string) => join(root, 'team/app');
  const codesIn = async (root: string) =>
    findingsOf((await verified(root, { isRoot: true })).parts).map(({ code, path }) => `${code} ${path}`);

  it('that is whole has nothing wrong, and each file is read once, however many names it has', async () => {
    const root = await pushedRoot(image);
    const { parts, totals } = await verified(root, { isRoot: true });
    expect(findingsOf(parts)).toEqual([]);
    expect(totals.files).toBe(3);
  });

  it('tells of the pool: rotten in all links, alone, of other names, and not shared any more', async () => {
    const root = await pushedRoot(image);
    writeFileSync(pooled(root), 'THE bytes of a layer');
    expect(await codesIn(root)).toEqual([
      `wrong-digest ${layerPath}`,
      `wrong-digest .moorage/pool/sha256/${encodedOf(layer.digest)}`,
    ]);
    rmSync(pooled(root));
    writeFileSync(pooled(root), 'the bytes of a layer');
    writeFileSync(`${pooled(root)}.part`, '');
    writeFileSync(layerFile(app(root)), layer.bytes);
    expect(await codesIn(root)).toEqual([
      `unshared-blob ${layerPath}`,
      `non-digest-file .moorage/pool/sha256/${encodedOf(layer.digest)}.part`,
    ]);
  });

  it('tells what was acknowledged and is gone from what never was here', async () => {
    const root = await pushedRoot(image);
    rmSync(layerFile(app(root)));
    expect(await codesIn(root)).toEqual([`lost-content ${layerPath}`]);
    rmSync(manifestFile(app(root)));
    expect(await codesIn(root)).toEqual([`lost-manifest blobs/sha256/${encodedOf(image.digest)}`]);
  });

  it('tells of a journal that is none, and of one that was cut', async () => {
    const root = await pushedRoot(image);
    const journal = join(root, '.moorage/journal/team/app/.journal');
    const text = readFileSync(journal);
    truncateSync(journal, text.length - 5);
    expect(await codesIn(root)).toEqual(['journal-cut .moorage/journal/team/app/.journal']);
    writeFileSync(journal, 'something else\n');
    expect(await codesIn(root)).toEqual(['journal-unreadable .moorage/journal/team/app/.journal']);
  });

  it('tells of a mark of its form that says nothing', async () => {
    const root = await pushedRoot(image);
    writeFileSync(join(root, '.moorage/format'), '{"form":');
    expect(await codesIn(root)).toEqual(['form-unreadable .moorage/format']);
  });

  it('tells what crashes left, once nobody can be at work on it', async () => {
    const root = await pushedRoot(image);
    const left = ['.moorage/staging/draft', '.moorage/trash/team/app/blobs/sha256/gone', 'team/app/.moorage-draft'];
    for (const name of left) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), '');
      // The time of its last change is now, whatever it says of itself.
      utimesSync(join(root, name), 1, 1);
    }
    expect(await codesIn(root)).toEqual([]);
    const { parts } = await verified(root, { isRoot: true, laterMs: 2 * 3_600_000 });
    expect(findingsOf(parts).map(({ code, path }) => `${code} ${path}`)).toEqual([
      'leftover .moorage-draft',
      'leftover .moorage/trash/team/app/blobs/sha256/gone',
      'leftover .moorage/staging/draft',
    ]);
  });

  it.skipIf(process.getuid?.() !== 0)('tells what its server may not read, or not write in', async () => {
    const root = await pushedRoot(image);
    execFileSync('chown', ['-R', '12345:12345', root]);
    expect(await codesIn(root)).toEqual([]);
    chownSync(layerFile(app(root)), 0, 0);
    chmodSync(layerFile(app(root)), 0o600);
    chownSync(join(app(root), 'blobs/sha256'), 0, 0);
    expect(await codesIn(root)).toEqual([
      `unreadable-by-server ${layerPath}`,
      'unwritable-by-server blobs/sha256',
      // The same file.
      `unreadable-by-server .moorage/pool/sha256/${encodedOf(layer.digest)}`,
    ]);
  });

  it('remembers where its server looks for it what was right, and what was damaged', async () => {
    const root = await pushedRoot(image);
    const ledger = join(root, '.moorage/cache/.blobs');
    rmSync(ledger, { force: true });
    utimesSync(layerFile(app(root)), 1000.5, 1000.5);
    await verified(root, { isRoot: true });
    const lines = readFileSync(ledger, 'utf8').split('\n');
    expect(lines.filter((line) => line.startsWith(layer.digest))).toEqual([expect.stringMatching(/ right \d+$/)]);
    writeFileSync(layerFile(app(root)), 'THE bytes of a layer');
    utimesSync(layerFile(app(root)), 1000.5, 1000.5);
    await verified(root, { isRoot: true });
    expect(readFileSync(ledger, 'utf8')).not.toMatch(new RegExp(`${layer.digest}.* right \\d+\\n$`));
  });
});
