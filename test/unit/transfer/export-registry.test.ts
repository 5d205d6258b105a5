// Exports into a registry: what is sent, in which order, what is mounted, and how referrers are found there.
import { describe, expect, it } from 'vitest';
import { parseRepositoryName, parseTag } from '../../../src/oci/reference.ts';
import { referrersTagOf } from '../../../src/oci/referrers-tag.ts';
import { exportToRegistry, type RegistryExportOptions } from '../../../src/transfer/export-registry.ts';
import type { ImageSource } from '../../../src/transfer/image-source.ts';
import { blobOf, type Content, imageManifest } from '../../support/content.ts';
import {
  amd64,
  approval,
  arm64,
  cosignedImages,
  cosignTag,
  cosignTags,
  index,
  layer,
  requestFor,
  signature,
  signedImages,
} from '../../support/exports.ts';
import { MemorySource } from '../../support/memory-source.ts';
import { type PlainRegistry, plainRegistry, targetAt } from '../../support/plain-registry.ts';
import { noProgress } from '../../support/silent-progress.ts';

interface Wanted extends Partial<RegistryExportOptions> {
  readonly isAmongOthers?: boolean;
}

function exported(
  source: ImageSource,
  references: readonly string[],
  registry: PlainRegistry,
  where: string,
  { isAmongOthers = false, ...options }: Wanted = {},
) {
  const [name = '', tag] = where.split(':');
  const requests = references.map((written) => ({ ...requestFor(source, written), isAmongOthers }));
  return exportToRegistry(requests, {
    registry: targetAt(registry),
    target: {
      name: name === '' ? undefined : parseRepositoryName(name),
      tag: tag === undefined ? undefined : parseTag(tag),
    },
    referrers: true,
    platform: undefined,
    progress: noProgress,
    signal: new AbortController().signal,
    ...options,
  });
}

function puts({ calls }: PlainRegistry): readonly string[] {
  return calls.filter((call) => call.startsWith('PUT mirror manifests/')).map((call) => call.slice(21));
}

function listed(registry: PlainRegistry, subject: Content): unknown {
  const list = registry.manifests.get(`mirror:${referrersTagOf(subject.digest)}`);
  return list === undefined ? undefined : JSON.parse(list.bytes.toString('utf8'));
}

describe('an export into a registry', () => {
  it('puts blobs, manifests from the leaves up, referrers, and the tag last', async () => {
    const registry = await plainRegistry();
    registry.acknowledgesSubjects = true;
    const report = await exported(signedImages(), ['team/app:multi'], registry, 'mirror');
    expect(report).toMatchObject({
      form: 'registry',
      images: [{ name: `${registry.host}/mirror:multi`, digest: index.digest }],
      notes: [],
    });
    const order = puts(registry);
    expect(order.slice(0, 2).sort()).toEqual([amd64.digest, arm64.digest].sort());
    expect(order.slice(2)).toEqual([signature.digest, approval.digest, index.digest, 'multi']);
    const firstManifest = registry.calls.findIndex((call) => call.startsWith('PUT mirror manifests/'));
    const lastBlob = registry.calls.findLastIndex((call) => call.includes(' blobs/'));
    expect(lastBlob).toBeLessThan(firstManifest);
    expect(registry.manifests.get('mirror:multi')).toMatchObject({ bytes: index.bytes });
    expect(registry.blobs.get(`mirror@${layer.digest}`)).toEqual(layer.bytes);
  });

  it('sends nothing again that is there', async () => {
    const registry = await plainRegistry();
    await exported(signedImages(), ['team/app:multi'], registry, 'mirror', { referrers: false });
    registry.seen.length = 0;
    const report = await exported(signedImages(), ['team/app:multi'], registry, 'mirror', { referrers: false });
    expect(new Set(registry.seen.map(({ method }) => method))).toEqual(new Set(['HEAD']));
    expect(report.totals).toMatchObject({ bytesCopied: 0, manifests: { copied: 0, present: 3 } });
  });

  it('gives one image the tag of the target, and never two', async () => {
    const registry = await plainRegistry();
    const report = await exported(signedImages(), ['team/app:v1'], registry, 'mirror:stable', { referrers: false });
    expect(report.images).toEqual([{ name: `${registry.host}/mirror:stable`, digest: amd64.digest }]);
    expect([...registry.manifests.keys()]).not.toContain('mirror:v1');
    registry.seen.length = 0;
    const two = exported(signedImages(), ['team/app:v1', 'team/app:multi'], registry, 'mirror:stable');
    await expect(two).rejects.toThrow('2 images cannot all be named "stable"');
    expect(registry.seen).toEqual([]);
  });

  it('never overwrites one image by another of the same export', async () => {
    const registry = await plainRegistry();
    const source = signedImages().addImage('team/web', arm64, 'v1');
    const both = exported(source, ['team/app:v1', 'team/web:v1'], registry, 'mirror');
    await expect(both).rejects.toThrow('two images would be named');
    expect(registry.seen).toEqual([]);
  });

  it('gives repositories that were named together a name of their own, and mounts what they share', async () => {
    const registry = await plainRegistry();
    const source = signedImages().addImage('team/web', amd64, 'v1');
    const options = { isAmongOthers: true, referrers: false };
    const { images, totals } = await exported(source, ['team/app:v1', 'team/web:v1'], registry, 'mirror', options);
    expect(images.map(({ name }) => name)).toEqual([
      `${registry.host}/mirror/team/app:v1`,
      `${registry.host}/mirror/team/web:v1`,
    ]);
    expect(totals.blobs).toMatchObject({ copied: 2, linked: 2 });
    const mounts = registry.seen.filter(({ query }) => query.has('mount'));
    expect(mounts.map(({ query }) => query.get('from'))).toEqual(['mirror/team/app', 'mirror/team/app']);
  });

  it('keeps the names of images where the target has none', async () => {
    const registry = await plainRegistry();
    const { images } = await exported(signedImages(), ['team/app:v1'], registry, '', { referrers: false });
    expect(images[0]?.name).toBe(`${registry.host}/team/app:v1`);
  });

  it('takes one platform of an index', async () => {
    const registry = await plainRegistry();
    const platform = { os: 'linux', architecture: 'arm64' };
    await exported(signedImages(), ['team/app:multi'], registry, 'mirror', { platform });
    expect(registry.manifests.get('mirror:multi')).toMatchObject({ bytes: arm64.bytes });
    expect(registry.manifests.has(`mirror@${amd64.digest}`)).toBe(false);
  });

  it('leaves out a layer that need not be anywhere, and stops at one that must be', async () => {
    const registry = await plainRegistry();
    const foreign = blobOf('elsewhere', 'application/vnd.oci.image.layer.nondistributable.v1.tar');
    const image = imageManifest({ layers: [foreign, layer] });
    const source = new MemorySource().addImage('app', image, 'v1');
    source.removeBlob(foreign.digest);
    const { notes } = await exported(source, ['app:v1'], registry, 'mirror');
    expect(notes).toEqual([expect.stringContaining('non-distributable')]);
    source.removeBlob(layer.digest);
    await expect(exported(source, ['app:v1'], registry, 'other')).rejects.toThrow(`does not have the blob`);
    expect(registry.manifests.has('other:v1')).toBe(false);
  });

  it('keeps nothing of a blob that is not what its digest says', async () => {
    const registry = await plainRegistry();
    const source = signedImages().addBlob({ digest: layer.digest, bytes: Buffer.alloc(layer.bytes.byteLength) });
    await expect(exported(source, ['team/app:v1'], registry, 'mirror')).rejects.toThrow('is wrong there');
    expect(registry.blobs.has(`mirror@${layer.digest}`)).toBe(false);
    expect(registry.manifests.size).toBe(0);
  });
});

describe('what cosign keeps under tags', () => {
  it('comes along, before the tag of the image', async () => {
    const registry = await plainRegistry();
    registry.acknowledgesSubjects = true;
    const { images } = await exported(cosignedImages(), ['team/app:multi'], registry, 'mirror');
    expect(images.map(({ name }) => name)).toEqual([`${registry.host}/mirror:multi`]);
    for (const [tag, { bytes }] of cosignTags) expect(registry.manifests.get(`mirror:${tag}`)).toMatchObject({ bytes });
    expect(puts(registry).at(-1)).toBe('multi');
  });

  it('replaces another that is there, and says so', async () => {
    const registry = await plainRegistry();
    registry.acknowledgesSubjects = true;
    const [[tag] = ['']] = cosignTags;
    registry.manifests.set(`mirror:${tag}`, { bytes: arm64.bytes, type: arm64.descriptor.mediaType });
    const { notes } = await exported(cosignedImages(), ['team/app:multi'], registry, 'mirror');
    expect(notes).toEqual([expect.stringContaining(`what was there as ${tag} is replaced`)]);
    const again = await exported(cosignedImages(), ['team/app:multi'], registry, 'mirror');
    expect(again.notes).toEqual([]);
  });

  it('is that of the platform that was asked for', async () => {
    const registry = await plainRegistry();
    const platform = { os: 'linux', architecture: 'arm64' };
    await exported(cosignedImages(), ['team/app:multi'], registry, 'mirror', { platform });
    const tags = [...registry.manifests.keys()].filter((key) => /:sha256-.*\./.test(key));
    expect(tags).toEqual([`mirror:${cosignTag(arm64, 'sig')}`]);
  });

  it('stays where nothing else that refers to the image is wanted', async () => {
    const registry = await plainRegistry();
    await exported(cosignedImages(), ['team/app:multi'], registry, 'mirror', { referrers: false });
    expect([...registry.manifests.keys()].filter((key) => key.startsWith('mirror:'))).toEqual(['mirror:multi']);
  });
});

describe('referrers of an image, where a registry has no list of its own', () => {
  it('are listed under the referrers tag, each level', async () => {
    const registry = await plainRegistry();
    await exported(signedImages(), ['team/app:v1'], registry, 'mirror');
    expect(listed(registry, amd64)).toMatchObject({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        {
          digest: signature.digest,
          size: signature.bytes.byteLength,
          artifactType: 'application/vnd.example.signature',
          annotations: { 'com.example.kind': 'signature' },
        },
      ],
    });
    expect(listed(registry, signature)).toMatchObject({ manifests: [{ digest: approval.digest }] });
  });

  it('are added to what is listed, once', async () => {
    const registry = await plainRegistry();
    const other = { mediaType: 'application/vnd.example', digest: `sha256:${'7'.repeat(64)}`, size: 7, data: 'kept' };
    const list = { schemaVersion: 2, manifests: [other], annotations: { kept: 'too' } };
    const key = `mirror:${referrersTagOf(amd64.digest)}`;
    registry.manifests.set(key, { bytes: Buffer.from(JSON.stringify(list)), type: 'application/json' });
    for (let run = 0; run < 2; run += 1) await exported(signedImages(), ['team/app:v1'], registry, 'mirror');
    expect(listed(registry, amd64)).toMatchObject({
      manifests: [other, { digest: signature.digest }],
      annotations: { kept: 'too' },
    });
    expect(puts(registry).filter((put) => put === referrersTagOf(amd64.digest))).toHaveLength(1);
  });

  it('leave an image alone that somebody keeps under the tag', async () => {
    const registry = await plainRegistry();
    const key = `mirror:${referrersTagOf(amd64.digest)}`;
    registry.manifests.set(key, { bytes: arm64.bytes, type: arm64.descriptor.mediaType });
    const { notes } = await exported(signedImages(), ['team/app:v1'], registry, 'mirror');
    expect(registry.manifests.get(key)?.bytes).toEqual(arm64.bytes);
    expect(notes).toEqual([expect.stringContaining('is an image of somebody')]);
  });

  it('are not listed there by a registry that lists them itself', async () => {
    const registry = await plainRegistry();
    registry.acknowledgesSubjects = true;
    await exported(signedImages(), ['team/app:v1'], registry, 'mirror');
    expect(listed(registry, amd64)).toBeUndefined();
  });
});
