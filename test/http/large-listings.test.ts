// What `/api` answers of a repository with a hundred thousand tags, and of a manifest of four megabytes: pages and bounds, whatever is there.
import { describe, expect, it } from 'vitest';
import { comparison } from '../../src/browse/comparison/comparison-schema.ts';
import * as schemas from '../../src/browse/schemas.ts';
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import type { Key } from '../../src/storage/object-store.ts';
import { blobOf, contentOf, imageManifest, layerType } from '../support/content.ts';
import { pushBlob, pushManifest } from './support/content.ts';
import { registryApp } from './support/registry-app.ts';

const tagOf = (at: number) => `t${String(at).padStart(6, '0')}`;

describe('a repository with a hundred thousand tags', () => {
  it('is listed a page at a time, searched, and summed up', async () => {
    const store = new MemoryStore();
    const { app } = registryApp({ store });
    const { descriptor, bytes, digest } = imageManifest({ layers: [] });
    const entry = (at: number) => ({ ...descriptor, annotations: { 'org.opencontainers.image.ref.name': tagOf(at) } });
    const manifests = Array.from({ length: 100_000 }, (_, at) => entry(at));
    await store.write('many/oci-layout' as Key, Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
    await store.write(`many/blobs/${digest.replace(':', '/')}` as Key, bytes);
    await store.write('many/index.json' as Key, Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })));
    const tags = async (query: string) =>
      schemas.tags.parse((await app.inject(`/api/repositories/many/tags${query}`)).json());
    const first = await tags('?n=1000000');
    expect([first.tags.length, first.more, first.tags[0]?.image?.digest]).toEqual([200, true, digest]);
    const last = await tags(`?last=${tagOf(99_990)}`);
    expect([last.tags.length, last.more]).toEqual([9, false]);
    expect((await tags('?q=99999')).tags.map(({ tag }) => tag)).toEqual(['t099999']);
    const repository = schemas.repository.parse((await app.inject('/api/repositories/many')).json());
    expect(repository.tags).toBe(100_000);
    const image = schemas.image.parse((await app.inject('/api/repositories/many/images/t000007')).json());
    expect([image.tags.length, image.moreTags]).toEqual([100, 99_900]);
    const found = schemas.findings.parse((await app.inject('/api/repositories/many/findings')).json());
    for (const { about } of found.findings) expect(about.length).toBeLessThanOrEqual(20);
  }, 60_000);
});

describe('a manifest of four megabytes', () => {
  it('is shown, and compared within bounds', async () => {
    const { app } = registryApp();
    const layer = blobOf('x', layerType);
    const few = imageManifest({ layers: [] });
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`note${at}`, 'z'.repeat(100)]));
    const annotations = { ...many, long: 'y'.repeat(700_000) };
    const large = imageManifest({ layers: Array.from({ length: 20_000 }, () => layer), annotations });
    expect(large.bytes.byteLength).toBeGreaterThan(3_500_000);
    for (const { bytes } of [layer, few.config]) await pushBlob(app, 'team/app', bytes);
    await pushManifest(app, 'team/app', 'few', few);
    await pushManifest(app, 'team/app', 'large', contentOf(large.bytes, few.descriptor.mediaType));
    const shown = schemas.image.parse((await app.inject('/api/repositories/team%2Fapp/images/large')).json());
    expect(shown.image.layers.length).toBe(20_000);
    const answer = await app.inject('/api/repositories/team%2Fapp/compare?from=few&to=large');
    const { layers, annotations: compared, files } = comparison.parse(answer.json());
    expect([layers.list.length, layers.omitted]).toEqual([1_000, 19_000]);
    expect([compared.differences.length, compared.omitted]).toEqual([500, 501]);
    // It is no tar, and looked into once.
    expect(files?.unread.length).toBe(1);
    expect(answer.body.length).toBeLessThan(1_000_000);
  }, 60_000);
});
