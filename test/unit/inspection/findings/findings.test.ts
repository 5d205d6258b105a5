// Findings that no fixture has, each from a layout that has little else.
import { mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findingKinds } from '../../../../src/inspection/findings/finding-kinds.ts';
import { FindingList } from '../../../../src/inspection/findings/finding-list.ts';
import { referrersTagOf } from '../../../../src/oci/referrers-tag.ts';
import type { BlobProgress } from '../../../../src/transfer/progress.ts';
import {
  blobPath,
  blobsOf,
  codesIn,
  entryOf,
  findingsOf,
  inspect,
  type LayoutContent,
  writeStranger,
} from '../../../hostile/stranger.ts';
import { artifactManifest, blobOf, imageIndex, imageManifest, referrerOf } from '../../../support/content.ts';
import { writeLayout } from '../../../support/fixture-layouts.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const image = imageManifest();
const other = imageManifest({ annotations: { other: 'yes' } });
const whole: LayoutContent = { entries: [entryOf(image, 'v1')], blobs: blobsOf(image) };

async function layout(content: LayoutContent = whole): Promise<string> {
  return writeStranger(join(await temporaryDirectory(), 'app'), content);
}

function named(annotations: Readonly<Record<string, string>>): object {
  return { ...image.descriptor, annotations };
}

const refName = 'org.opencontainers.image.ref.name';
const imageName = 'io.containerd.image.name';

describe('files', () => {
  it.each<[code: string, change: (directory: string) => void]>([
    ['index-unreadable', (directory) => writeFileSync(join(directory, 'index.json'), '{"manifests":[')],
    [
      'other-layout-version',
      (directory) => writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.1.0"}'),
    ],
    ['other-schema-version', (directory) => writeFileSync(join(directory, 'index.json'), '{"manifests":[]}')],
    ['other-schema-version', (directory) => writeFileSync(join(directory, 'index.json'), '{"schemaVersion":3}')],
    ['oci-layout-missing', (directory) => unlinkSync(join(directory, 'oci-layout'))],
    ['oci-layout-unreadable', (directory) => writeFileSync(join(directory, 'oci-layout'), '{}')],
    ['non-digest-file', (directory) => writeFileSync(join(directory, 'blobs/sha256/upload.tmp'), '')],
    ['other-algorithm', (directory) => mkdirSync(join(directory, 'blobs/blake3'))],
    ['unfinished-write', (directory) => writeFileSync(join(directory, 'index.json.lock'), '')],
    ['dangling-tag', (directory) => unlinkSync(blobPath(directory, image.digest))],
    ['missing-content', (directory) => unlinkSync(blobPath(directory, image.config.digest))],
    ['wrong-size', (directory) => writeFileSync(blobPath(directory, image.config.digest), 'something longer')],
  ])('%s', async (code, change) => {
    const directory = await layout();
    expect(await codesIn(directory)).toEqual([]);
    change(directory);
    expect(await codesIn(directory)).toContain(code);
  });

  it('of a root: layouts that no client can ask for, blobs without an index, links to layouts', async () => {
    const root = await temporaryDirectory();
    writeStranger(join(root, 'good'), whole);
    writeStranger(join(root, 'Upper'), whole);
    unlinkSync(join(writeStranger(join(root, 'lost'), whole), 'index.json'));
    symlinkSync(join(root, 'good'), join(root, 'link'));
    symlinkSync('/etc', join(root, 'no-layout'));
    const found = findingsOf(await inspect(root)).map(({ code, path }) => `${code} ${path}`);
    expect(found.sort()).toEqual(['index-missing lost', 'symbolic-link link', 'unserved-directory Upper']);
  });
});

it('an artifact manifest is read as one, and told', async () => {
  const artifact = artifactManifest([blobOf('sbom'), blobOf('gone')], image);
  const entries = [entryOf(image, 'v1'), entryOf(artifact)];
  const directory = await layout({ entries, blobs: [...blobsOf(image), artifact, blobOf('sbom')] });
  const found = findingsOf(await inspect(directory)).filter(({ digest }) => digest !== image.digest);
  expect(found).toContainEqual(expect.objectContaining({ code: 'artifact-manifest', digest: artifact.digest }));
  expect(found).toContainEqual(expect.objectContaining({ code: 'missing-content', digest: blobOf('gone').digest }));
});

describe('names', () => {
  it.each<[code: string, entries: readonly object[]]>([
    ['unusable-name', [named({ [refName]: 'a+b' })]],
    ['upper-case-name', [named({ [refName]: 'docker.io/Acme/App:v1' })]],
    ['name-without-tag', [named({ [refName]: 'docker.io/acme/app' })]],
    ['hidden-duplicate', [entryOf(image, 'v1'), entryOf(other, 'v1')]],
    ['repeated-entry', [entryOf(image, 'v1'), entryOf(image, 'v1')]],
    ['repeated-entry', [entryOf(image), entryOf(image)]],
    ['several-names', [named({ [refName]: 'docker.io/acme/app:v1,docker.io/acme/app:v2' })]],
    ['name-of-base', [named({ 'org.opencontainers.image.base.name': 'docker.io/acme/app:v1' })]],
    ['disagreeing-names', [named({ [imageName]: 'docker.io/acme/app:v1', [refName]: 'v2' })]],
    ['auxiliary-name', [entryOf(other, 'v1'), named({ [refName]: 'acme/app:v1', kind: 'dev.hauler/sigs' })]],
    ['implied-latest', [entryOf(image)]],
    [
      'several-repositories',
      [named({ [refName]: 'a.example/a:v1' }), { ...other.descriptor, annotations: { [refName]: 'a.example/b:v1' } }],
    ],
    ['ordinary-referrers-tag', [entryOf(image, referrersTagOf(other.digest))]],
    ['invalid-digest', [{ ...image.descriptor, digest: 'sha256:short' }]],
    ['other-algorithm', [{ ...image.descriptor, digest: 'sha384:abc' }]],
    ['missing-media-type', [{ ...image.descriptor, mediaType: undefined }]],
  ])('%s', async (code, entries) => {
    const directory = await layout({ entries, blobs: [...blobsOf(image), ...blobsOf(other)] });
    expect(await codesIn(directory)).toContain(code);
  });

  it('the duplicate that is hidden is the one that the rules do not take', async () => {
    const directory = await layout({
      entries: [entryOf(image, 'v1'), entryOf(other, 'v1')],
      blobs: [...blobsOf(image), ...blobsOf(other)],
    });
    expect(findingsOf(await inspect(directory)).find(({ code }) => code === 'hidden-duplicate')).toMatchObject({
      name: 'v1',
      digest: image.digest,
      severity: 'warning',
      hides: true,
    });
  });
});

describe('content', () => {
  it('of an index: a child that is missing', async () => {
    const index = imageIndex({ manifests: [image, other] });
    const directory = await layout({
      entries: [entryOf(index, 'v1'), entryOf(image)],
      blobs: [index, ...blobsOf(image)],
    });
    expect(findingsOf(await inspect(directory)).map(({ code, digest }) => [code, digest])).toEqual([
      ['missing-child', other.digest],
    ]);
  });

  it('of a referrer: the subject is missing, or listed in a response that is stale', async () => {
    const sbom = referrerOf(image, 'application/vnd.example.sbom');
    const directory = await layout({ entries: [entryOf(sbom)], blobs: blobsOf(sbom) });
    expect(await codesIn(directory)).toContain('missing-subject');
    const response = imageIndex({ manifests: [sbom, referrerOf(image, 'application/vnd.example.gone')] });
    const stale = await layout({
      entries: [entryOf(image, 'v1'), entryOf(sbom), entryOf(response, referrersTagOf(image.digest))],
      blobs: [...blobsOf(image), ...blobsOf(sbom), response],
    });
    expect(await codesIn(stale)).toContain('stale-response');
  });

  it('layers that need not be there are not missed', async () => {
    const foreign = blobOf('elsewhere', 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip');
    const windows = imageManifest({ layers: [foreign] });
    const directory = await layout({ entries: [entryOf(windows, 'v1')], blobs: [windows, windows.config] });
    expect(await codesIn(directory)).toEqual([]);
  });

  it('only reads: a layout without an index is not given one', async () => {
    const directory = await layout();
    renameSync(join(directory, 'index.json'), join(directory, 'kept'));
    await inspect(directory);
    await expect(codesIn(directory)).resolves.toEqual(['index-missing']);
  });
});

describe('the list of findings', () => {
  it('keeps some of each code, counts the rest, and begins with the worst', () => {
    const list = new FindingList(2);
    list.add('implied-latest', {});
    for (let at = 0; at < 5; at += 1) list.add('dangling-tag', { name: `v${at}` });
    list.add('sha512-entry', { name: 'x'.repeat(10_000) });
    const groups = list.groups();
    expect(groups.map(({ code, omitted, findings }) => [code, findings.length, omitted])).toEqual([
      ['dangling-tag', 2, 3],
      ['sha512-entry', 1, 0],
      ['implied-latest', 1, 0],
    ]);
    expect(groups[1]?.findings[0]?.name).toHaveLength(303);
  });

  it('every kind says in one line why it matters and what to do', () => {
    for (const [code, { why, remedy }] of Object.entries(findingKinds)) {
      expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      for (const text of [why, remedy]) expect(text, code).toMatch(/^[^\n]{8,200}$/);
    }
  });
});

it('a verification tells how much there is to read, and reads all of it once', async () => {
  const directory = await temporaryDirectory();
  writeLayout(directory, 'recorded/oras/multiarch');
  const told = { expected: 0, advanced: 0, finished: 0 };
  const progress: BlobProgress = {
    blobsExpected: (blobs) => {
      told.expected += blobs.reduce((sum, { size }) => sum + size, 0);
    },
    blobStarted: () => {},
    blobAdvanced: (_, bytes) => {
      told.advanced += bytes;
    },
    blobFinished: (blob) => {
      told.finished += blob.size;
    },
  };
  await inspect(directory, { verify: true, progress });
  expect(told.expected).toBeGreaterThan(0);
  expect(told).toEqual({ expected: told.expected, advanced: told.expected, finished: told.expected });
});
