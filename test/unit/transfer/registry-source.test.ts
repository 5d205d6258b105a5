// Layouts on this machine as a source, directly and by way of our own server: the same answers.

import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Digest } from '../../../src/oci/digest.ts';
import { parseReference, parseRepositoryName } from '../../../src/oci/reference.ts';
import type { Registry } from '../../../src/registry/registry.ts';
import { anonymous } from '../../../src/remote/credentials.ts';
import { defaultTransport, openRemote } from '../../../src/remote/open-remote.ts';
import type { ImageSource } from '../../../src/transfer/image-source.ts';
import { RegistrySource } from '../../../src/transfer/registry-source.ts';
import { registryApp } from '../../http/support/registry-app.ts';
import { blobOf, imageManifest, referrerOf } from '../../support/content.ts';
import { pushBlob, pushImage, pushManifest } from '../../support/pushes.ts';

const app = parseRepositoryName('team/app');
const layer = blobOf('0123456789'.repeat(100_000));
const image = imageManifest({ layers: [layer] });
const sbom = referrerOf(image, 'application/sbom', { 'org.example.a': '1' });

interface Opened {
  readonly source: ImageSource;
  readonly registry: Registry;
}

async function local(): Promise<Opened> {
  const { registry } = registryApp();
  return { registry, source: new RegistrySource(registry, './somewhere') };
}

async function remote(): Promise<Opened> {
  const { app: server, registry } = registryApp();
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  const options = { scheme: undefined, credentials: anonymous, transport: defaultTransport };
  const source = openRemote(`127.0.0.1:${port}`, options);
  onTestFinished(() => source.close());
  return { registry, source };
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

describe.each([
  ['directly', local],
  ['over HTTP', remote],
])('a registry of ours, %s', (_, open) => {
  it('lists repositories and tags in byte order', async () => {
    const { source, registry } = await open();
    for (const name of ['z', 'team/app', 'a/b-c', 'a/b']) {
      await pushImage(await registry.writable(parseRepositoryName(name)), image, 'v2');
    }
    await pushManifest(await registry.writable(app), 'v10', image);
    expect(await source.repositories()).toEqual(['a/b', 'a/b-c', 'team/app', 'z']);
    expect(await source.tags(app)).toEqual(['v10', 'v2']);
  });

  it('gives manifests, referrers and blobs', async () => {
    const { source, registry } = await open();
    const repository = await registry.writable(app);
    await pushImage(repository, image, 'v1');
    await pushImage(repository, sbom);
    const { digest } = image;
    expect(await source.manifest(app, parseReference('v1'))).toMatchObject({ digest, bytes: image.bytes });
    expect(await source.manifest(app, parseReference(digest))).toMatchObject({ digest });
    expect(await source.referrers(app, digest)).toEqual([
      { ...sbom.descriptor, artifactType: 'application/sbom', annotations: { 'org.example.a': '1' } },
    ]);
    expect(await source.referrers(app, sbom.digest)).toEqual([]);
    expect(await bytesOf(source.readBlob(app, layer.descriptor, 0))).toBe(layer.bytes.toString());
    expect(await bytesOf(source.readBlob(app, layer.descriptor, 999_995))).toBe('56789');
    expect(await bytesOf(source.readBlob(app, layer.descriptor, 1_000_000))).toBe('');
  });

  it('pages through more referrers than one answer holds', async () => {
    const { source, registry } = await open();
    const repository = await registry.writable(app);
    const long = 'x'.repeat(400_000);
    const digests: Digest[] = [];
    for (let at = 0; at < 25; at += 1) {
      const referrer = referrerOf(image, 'application/long', { 'org.example.long': `${at} ${long}` });
      for (const blob of [referrer.config, ...referrer.layers]) await pushBlob(repository, blob);
      await pushManifest(repository, referrer.digest, referrer);
      digests.push(referrer.digest);
    }
    const found = await source.referrers(app, image.digest);
    expect(found.map(({ digest }) => digest)).toEqual(digests.sort());
  });

  it('says what is not there', async () => {
    const { source, registry } = await open();
    await pushImage(await registry.writable(app), image, 'v1');
    const none = parseRepositoryName('none');
    await expect(source.tags(none)).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
    await expect(source.manifest(app, parseReference('v2'))).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    await expect(source.manifest(none, parseReference('v1'))).rejects.toMatchObject({ status: 404 });
    await expect(bytesOf(source.readBlob(app, blobOf('none').descriptor, 0))).rejects.toMatchObject({
      code: 'BLOB_UNKNOWN',
    });
  });
});
