// Imports: everything arrives, children before parents; what breaks off goes on; what is wrong is refused and leaves nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { parseReference, parseRepositoryName, type RepositoryName } from '../../../src/oci/reference.ts';
import { systemCalls } from '../../../src/storage/filesystem/system-calls.ts';
import { WrongContentError } from '../../../src/transfer/copy-error.ts';
import { type ImportOptions, importImages } from '../../../src/transfer/import-images.ts';
import { planImport } from '../../../src/transfer/import-plan.ts';
import { artifactManifest, blobOf, imageIndex, imageManifest, referrerOf } from '../../support/content.ts';
import { cosignedImages, cosignTags, index as signedIndex } from '../../support/exports.ts';
import { MemorySource } from '../../support/memory-source.ts';
import { bytesOfBlob, digestAt, pull, pushBlob, pushImage, referrersIn, tagsOf } from '../../support/pushes.ts';
import {
  directoryRegistry,
  memoryRegistry,
  onEveryDriver,
  type RegistryUnderTest,
} from '../../support/registry-under-test.ts';
import { noProgress } from '../../support/silent-progress.ts';

const layer = blobOf('0123456789abcdefghijklmnopqrstuv');
const other = blobOf('another layer, in one image only');
const amd64 = imageManifest({ layers: [layer] });
const arm64 = imageManifest({ layers: [layer, other] });
const index = imageIndex({ manifests: [amd64, arm64] });
const signature = referrerOf(arm64, 'application/vnd.example.signature');
const approval = referrerOf(signature, 'application/vnd.example.approval');

function multiArch(): MemorySource {
  return new MemorySource()
    .addImage('app', amd64)
    .addImage('app', arm64, 'arm')
    .addManifest('app', index, 'v1')
    .addImage('app', signature)
    .addImage('app', approval);
}

async function imported(source: MemorySource, into: RegistryUnderTest, options: Partial<ImportOptions> = {}) {
  const everything = { repository: undefined, reference: undefined };
  const { images: planned } = await planImport(source, everything, {
    name: parseRepositoryName('team/app'),
    tag: undefined,
  });
  return importImages(planned, {
    source,
    repository: (name) => into.registry.writable(name),
    referrers: true,
    progress: noProgress,
    signal: new AbortController().signal,
    ...options,
  });
}

describe('what cosign keeps under tags', () => {
  async function importedOne(options: Partial<ImportOptions> = {}) {
    const into = await memoryRegistry();
    const source = cosignedImages();
    const selection = { repository: parseRepositoryName('team/app'), reference: parseReference('multi') };
    const { images: planned } = await planImport(source, selection, {
      name: parseRepositoryName('team/app'),
      tag: undefined,
    });
    const common = { referrers: true, progress: noProgress, signal: new AbortController().signal };
    const repository = (name: RepositoryName) => into.registry.writable(name);
    const report = await importImages(planned, { source, repository, ...common, ...options });
    return { report, repository: into.repository() };
  }

  it('comes along with its image, with those of its platforms, and with its own', async () => {
    const { report, repository } = await importedOne();
    for (const [tag, { digest }] of cosignTags) expect(await digestAt(repository, tag)).toBe(digest);
    expect(await tagsOf(repository)).toHaveLength(cosignTags.length + 1);
    expect(report.images).toMatchObject([{ tag: 'multi', digest: signedIndex.digest }]);
  });

  it('stays where nothing else that refers to the image is wanted', async () => {
    expect(await tagsOf((await importedOne({ referrers: false })).repository)).toEqual(['multi']);
  });

  it('replaces another that is there, and says so', async () => {
    const { repository, report } = await importedOne();
    expect(report.notes).toEqual([]);
    const [[tag] = ['']] = cosignTags;
    await pushImage(repository, imageManifest({ annotations: { by: 'somebody else' } }), tag);
    const again = await importedOne({ repository: () => repository });
    expect(again.report.notes).toEqual([expect.stringContaining(`what was there as ${tag} is replaced`)]);
  });

  it('comes once where all tags are copied, or not at all', async () => {
    const into = await memoryRegistry();
    const report = await imported(cosignedImages(), into);
    expect(report.images).toHaveLength(cosignTags.length + 2);
    expect(report.totals.manifests).toEqual({ copied: 9, present: 0 });
    const everything = { repository: undefined, reference: undefined, referrers: false };
    const target = { name: parseRepositoryName('team/app'), tag: undefined };
    const { images: planned } = await planImport(cosignedImages(), everything, target);
    expect(planned.map(({ tag }) => tag)).toEqual(['multi', 'v1']);
  });
});

describe.each(onEveryDriver)('an import %s', (_, open) => {
  it('brings children, blobs, tags, referrers and what refers to those', async () => {
    const into = await open();
    const report = await imported(multiArch(), into);
    const repository = into.repository();
    expect(await tagsOf(repository)).toEqual(['arm', 'v1']);
    expect(await digestAt(repository, 'v1')).toBe(index.digest);
    expect(await digestAt(repository, amd64.digest)).toBe(amd64.digest);
    expect(await referrersIn(repository, arm64.digest)).toEqual([signature.digest]);
    expect(await referrersIn(repository, signature.digest)).toEqual([approval.digest]);
    expect(await bytesOfBlob(repository, layer.digest)).toEqual(layer.bytes);
    expect(await bytesOfBlob(repository, other.digest)).toEqual(other.bytes);
    expect(report.images.map(({ tag, digest }) => [tag, digest])).toEqual([
      ['arm', arm64.digest],
      ['v1', index.digest],
    ]);
    expect(report.totals).toEqual({
      manifests: { copied: 5, present: 0 },
      blobs: { copied: 3, resumed: 0, present: 4, linked: 0 },
      bytesCopied: layer.bytes.length + other.bytes.length + amd64.config.bytes.length,
      bytesSkipped: 3 * amd64.config.bytes.length + layer.bytes.length,
    });
  });

  it('brings artifact manifests with their blobs, under the type that they have', async () => {
    const into = await open();
    const sbom = blobOf('sbom');
    const artifact = artifactManifest([sbom], amd64);
    const source = new MemorySource().addImage('app', amd64, 'v1').addManifest('app', artifact).addBlob(sbom);
    await imported(source, into);
    const repository = into.repository();
    expect(await referrersIn(repository, amd64.digest)).toEqual([artifact.digest]);
    expect((await pull(repository, artifact.digest)).mediaType).toBe(mediaTypes.artifactManifest);
    expect(await bytesOfBlob(repository, sbom.digest)).toEqual(sbom.bytes);
  });

  it('leaves referrers out when asked to', async () => {
    const into = await open();
    await imported(multiArch(), into, { referrers: false });
    expect(await digestAt(into.repository(), arm64.digest)).toBe(arm64.digest);
    expect(await referrersIn(into.repository(), arm64.digest)).toEqual([]);
    expect(await digestAt(into.repository(), signature.digest)).toBeUndefined();
  });

  it('run again reads no blob', async () => {
    const into = await open();
    await imported(multiArch(), into);
    const again = multiArch();
    const { totals } = await imported(again, into);
    expect(again.reads).toEqual([]);
    expect(totals.blobs).toEqual({ copied: 0, resumed: 0, present: 7, linked: 0 });
    expect(totals.manifests).toEqual({ copied: 0, present: 5 });
  });

  it('goes on inside the blob that it broke off in, also in another process', async () => {
    const into = await open();
    const source = multiArch();
    source.breaksAt.set(layer.digest, 12);
    await expect(imported(source, into)).rejects.toThrow('the connection was lost');
    expect(await tagsOf(into.repository()).catch(() => [])).toEqual([]);
    const next = await into.another();
    const { totals } = await imported(source, next);
    expect(source.reads.filter(({ digest }) => digest === layer.digest)).toEqual([
      { digest: layer.digest, from: 0 },
      { digest: layer.digest, from: 12 },
    ]);
    expect(totals.blobs.resumed).toBe(1);
    expect(await bytesOfBlob(next.repository(), layer.digest)).toEqual(layer.bytes);
    expect(await next.store.staged()).toEqual([]);
  });

  it('stopped by its signal keeps what it has and goes on there', async () => {
    const into = await open();
    const last = blobOf('the layer of the last image');
    const source = multiArch().addImage('app', imageManifest({ layers: [last] }), 'z');
    const stop = new AbortController();
    source.onPiece = (digest, at) => {
      if (digest === last.digest && at >= 16) stop.abort(new Error('stopped by the user'));
    };
    await expect(imported(source, into, { signal: stop.signal })).rejects.toThrow('stopped by the user');
    expect(await tagsOf(into.repository())).toEqual(['arm', 'v1']);
    source.onPiece = () => {};
    await imported(source, into);
    expect(source.reads.filter(({ digest }) => digest === layer.digest)).toHaveLength(1);
    expect(await tagsOf(into.repository())).toEqual(['arm', 'v1', 'z']);
    expect(await into.store.staged()).toEqual([]);
  });

  it('begins a blob anew when what an earlier run left of it is not the beginning of it', async () => {
    const into = await open();
    const liar = multiArch().addBlob({
      digest: layer.digest,
      bytes: Buffer.from('XXXX-------------------------------'),
    });
    liar.breaksAt.set(layer.digest, 8);
    await expect(imported(liar, into)).rejects.toThrow('the connection was lost');
    const honest = multiArch();
    await imported(honest, into);
    expect(honest.reads.filter(({ digest }) => digest === layer.digest).map(({ from }) => from)).toEqual([8, 0]);
    expect(await bytesOfBlob(into.repository(), layer.digest)).toEqual(layer.bytes);
  });

  it.each([
    ['other bytes', Buffer.from('0123456789abcdefghijklmnopqrstuX')],
    ['too few bytes', layer.bytes.subarray(0, 31)],
    ['too many bytes', Buffer.concat([layer.bytes, Buffer.from('more')])],
  ])('refuses a blob of %s and keeps nothing of it', async (_what, bytes) => {
    const into = await open();
    const source = multiArch().addBlob({ digest: layer.digest, bytes });
    const error = await imported(source, into).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WrongContentError);
    expect((error as Error).message).toContain(layer.digest);
    expect(await into.store.staged()).toEqual([]);
    await expect(into.repository().blobs.stat(layer.digest)).rejects.toThrow('blob unknown');
    expect(await digestAt(into.repository(), amd64.digest)).toBeUndefined();
  });

  it('takes over blobs that another repository of the root holds', async () => {
    const into = await open();
    await pushBlob(into.repository('elsewhere'), layer);
    const source = multiArch();
    const { totals } = await imported(source, into);
    expect(totals.blobs.linked).toBe(1);
    expect(source.reads.map(({ digest }) => digest)).not.toContain(layer.digest);
  });

  it('copies the others when one image lacks a blob, and says which', async () => {
    const into = await open();
    const source = multiArch();
    source.removeBlob(other.digest);
    const whole = imageManifest({ layers: [blobOf('whole')] });
    source.addImage('app', whole, 'whole');
    const report = await imported(source, into);
    expect(await tagsOf(into.repository())).toEqual(['whole']);
    expect(report.failed.map(({ reference }) => reference)).toEqual(['arm', 'v1']);
    expect(report.failed[0]?.reason).toContain(other.digest);
  });

  it('keeps a sparse index sparse', async () => {
    const into = await open();
    const source = multiArch();
    source.removeManifest('app', amd64.digest);
    const { failed, notes } = await imported(source, into);
    expect(failed).toEqual([]);
    expect(notes).toEqual([`${index.digest} lists ${amd64.digest}, which the source does not have`]);
    expect(await digestAt(into.repository(), 'v1')).toBe(index.digest);
  });

  it('does without a layer that need not be distributed', async () => {
    const into = await open();
    const foreign = blobOf('windows', 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip');
    const image = imageManifest({ layers: [foreign, layer] });
    const source = new MemorySource().addImage('app', image, 'v1');
    source.removeBlob(foreign.digest);
    const { notes } = await imported(source, into);
    expect(notes).toEqual([`${foreign.digest} is non-distributable and not in the source: left out`]);
    expect(await digestAt(into.repository(), 'v1')).toBe(image.digest);
  });

  it('refuses to take what a registry only claims to be a referrer', async () => {
    const into = await open();
    const source = new MemorySource().addImage('app', amd64, 'v1').addImage('app', signature);
    source.referrers = async (_name, subject) => (subject === amd64.digest ? [signature.descriptor] : []);
    const { notes } = await imported(source, into);
    expect(notes).toEqual([
      `${signature.digest} is listed as a referrer of ${amd64.digest} and does not refer to it: left out`,
    ]);
    expect(await digestAt(into.repository(), signature.digest)).toBeUndefined();
  });

  it('holds a few blobs at a time', async () => {
    const into = await open();
    const layers = Array.from({ length: 12 }, (_, at) => blobOf(`layer ${at} of a dozen`));
    const source = new MemorySource().addImage('app', imageManifest({ layers }), 'v1');
    const running = new Set<string>();
    let most = 0;
    const read = source.readBlob.bind(source);
    let release = () => {};
    const three = new Promise<void>((resolve) => {
      release = resolve;
    });
    source.readBlob = async function* (name, blob, from) {
      running.add(blob.digest);
      most = Math.max(most, running.size);
      if (running.size === 3) release();
      await three;
      yield* read(name, blob, from);
      running.delete(blob.digest);
    };
    await imported(source, into);
    expect(most).toBe(3);
  });
});

it('two processes that import the same at once do not disturb each other', async () => {
  const into = await directoryRegistry();
  const other = await into.another();
  const slow = multiArch();
  let reached = () => {};
  const isHalfWay = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const read = slow.readBlob.bind(slow);
  // Slower than the other process looks, and never silent for so long.
  slow.readBlob = async function* (name, blob, from) {
    for await (const piece of read(name, blob, from)) {
      if (blob.digest === layer.digest) await sleep(150);
      reached();
      yield piece;
    }
  };
  const first = imported(slow, into);
  await isHalfWay;
  const second = await imported(multiArch(), other);
  expect((await first).failed).toEqual([]);
  expect(second.totals.blobs.resumed).toBe(0);
  expect(await digestAt(into.repository(), 'v1')).toBe(index.digest);
  expect(await into.store.staged()).toEqual([]);
});

it('an import of an empty blob works', async () => {
  const into = await memoryRegistry();
  const empty = blobOf('');
  const source = new MemorySource().addImage('app', imageManifest({ layers: [empty] }), 'v1');
  await imported(source, into);
  expect(await bytesOfBlob(into.repository(), empty.digest)).toEqual(Buffer.alloc(0));
});

it('an import keeps the media type of docker images', async () => {
  const into = await memoryRegistry();
  const docker = imageManifest({ mediaType: mediaTypes.dockerManifest });
  await imported(new MemorySource().addImage('app', docker, 'v1'), into);
  const found = await into.repository().manifests.get({ kind: 'digest', digest: docker.digest });
  expect(found.mediaType).toBe(mediaTypes.dockerManifest);
});

it('a full disk stops an import, and the next one goes on', async () => {
  const enospc = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
  let full = true;
  const into = await directoryRegistry({
    calls: {
      writevSync: (...args) => {
        if (full) throw enospc;
        return systemCalls.writevSync(...args);
      },
    },
  });
  await expect(imported(multiArch(), into)).rejects.toMatchObject({ name: 'StorageError' });
  full = false;
  await imported(multiArch(), into);
  expect(await digestAt(into.repository(), 'v1')).toBe(index.digest);
});
