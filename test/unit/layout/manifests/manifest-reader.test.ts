// Manifests by digest through the cache of all layouts: never other bytes than the digest says, never another layout's opinion.
import { describe, expect, it } from 'vitest';
import { layoutKeys } from '../../../../src/layout/files/keys.ts';
import { parseIndexEntry } from '../../../../src/layout/index/index-entry.ts';
import { createManifestCaches } from '../../../../src/layout/manifests/manifest-caches.ts';
import { ManifestReader, maxStoredManifestBytes } from '../../../../src/layout/manifests/manifest-reader.ts';
import { referrersJson } from '../../../../src/layout/manifests/referrers-json.ts';
import { mediaTypes } from '../../../../src/oci/media-type.ts';
import { parseRepositoryName } from '../../../../src/oci/reference.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';
import { type Content, contentOf, imageIndex, imageManifest, referrerOf } from '../../../support/content.ts';
import { interleaving } from '../../../support/interleaving-store.ts';
import { RecordedLog } from '../../../support/registry-under-test.ts';

function readers() {
  const { store, count } = interleaving(new MemoryStore());
  const log = new RecordedLog();
  const caches = createManifestCaches();
  const keysOf = (name: string) => layoutKeys(parseRepositoryName(name));
  return {
    store,
    count,
    log,
    caches,
    readerOf: (name: string) => new ManifestReader({ store, keys: keysOf(name), caches, log, facts: undefined }),
    put: (name: string, { bytes, digest }: Content) => store.write(keysOf(name).blob(digest), bytes),
  };
}

const image = imageManifest();
const sbom = referrerOf(image, 'application/vnd.example.sbom.v1');

describe('read', () => {
  it('gives exactly the bytes of the file, once from the store', async () => {
    const { readerOf, put, count } = readers();
    await put('a', image);
    const reader = readerOf('a');
    expect(await reader.read(image.digest)).toEqual(image.bytes);
    expect(await reader.read(image.digest)).toEqual(image.bytes);
    expect(count('read')).toBe(1);
    expect(count('glance')).toBe(1);
  });

  it('is undefined for what is not there, and finds it when it comes', async () => {
    const { readerOf, put } = readers();
    expect(await readerOf('a').read(image.digest)).toBeUndefined();
    await put('a', image);
    expect(await readerOf('a').read(image.digest)).toEqual(image.bytes);
  });

  it('serves nothing that is not what its name says, and says so', async () => {
    const { readerOf, store, log } = readers();
    await store.write(layoutKeys(parseRepositoryName('a')).blob(image.digest), sbom.bytes);
    expect(await readerOf('a').read(image.digest)).toBeUndefined();
    expect(log.lines.length).toBe(1);
  });

  it('does not load what is larger than any manifest', async () => {
    const { readerOf, put, count } = readers();
    const giant = contentOf(Buffer.alloc(maxStoredManifestBytes + 1), mediaTypes.imageManifest);
    await put('a', giant);
    expect(await readerOf('a').read(giant.digest)).toBeUndefined();
    expect(count('read')).toBe(0);
  });

  it('keeps a pushed manifest without the buffer that it is a part of', () => {
    const { readerOf } = readers();
    const request = Buffer.alloc(1_000_000);
    request.set(image.bytes, 500);
    const reader = readerOf('a');
    reader.remember(image.digest, request.subarray(500, 500 + image.bytes.byteLength));
    const cached = reader.cached(image.digest);
    expect(cached).toEqual(image.bytes);
    expect(cached?.buffer.byteLength).toBe(image.bytes.byteLength);
  });
});

describe('facts', () => {
  it('of an entry are learnt once', async () => {
    const { readerOf, put, count } = readers();
    await put('a', sbom);
    const entry = parseIndexEntry(JSON.stringify(sbom.descriptor));
    const reader = readerOf('a');
    expect(await reader.factsOfEntry(entry)).toMatchObject({ subject: image.digest });
    const stats = count('stat');
    await reader.factsOfEntry(entry);
    expect(count('stat')).toBe(stats);
  });

  it('of an entry whose file is absent are learnt when it comes', async () => {
    const { readerOf, put } = readers();
    const entry = parseIndexEntry(JSON.stringify(sbom.descriptor));
    expect(await readerOf('a').factsOfEntry(entry)).toBe('none');
    await put('a', sbom);
    expect(await readerOf('a').factsOfEntry(entry)).toMatchObject({ subject: image.digest });
  });

  it('of a child are none where its file is absent, whatever another layout holds', async () => {
    const { readerOf, put } = readers();
    await put('a', sbom);
    const { digest, mediaType } = sbom.descriptor;
    expect(await readerOf('a').factsOfChild(digest, mediaType)).toMatchObject({ subject: image.digest });
    expect(await readerOf('b').factsOfChild(digest, mediaType)).toBe('none');
  });

  it('of a child do not depend on what another layout takes it for', async () => {
    const { readerOf, put } = readers();
    const untyped = { ...JSON.parse(sbom.bytes.toString()), mediaType: undefined };
    const child = contentOf(Buffer.from(JSON.stringify(untyped)), mediaTypes.imageManifest);
    await put('stranger', child);
    await put('a', child);
    expect(await readerOf('stranger').factsOfChild(child.digest, mediaTypes.imageIndex)).toBe('none');
    expect(await readerOf('a').factsOfChild(child.digest, mediaTypes.imageManifest)).toMatchObject({
      subject: image.digest,
    });
  });

  it('of what is no manifest are none', async () => {
    const { readerOf, put } = readers();
    const text = contentOf(Buffer.from('not json'), mediaTypes.imageManifest);
    await put('a', text);
    expect(await readerOf('a').factsOfEntry(parseIndexEntry(JSON.stringify(text.descriptor)))).toBe('none');
    expect(await readerOf('a').factsOfEntry(parseIndexEntry('{}'))).toBe('none');
  });

  it('of an index name the children that could be manifests', async () => {
    const { readerOf, put } = readers();
    const layer = { ...image.descriptor, mediaType: 'application/octet-stream' };
    const index = imageIndex({ manifests: [image, { descriptor: layer }] });
    await put('a', index);
    expect(await readerOf('a').factsOfEntry(parseIndexEntry(JSON.stringify(index.descriptor)))).toMatchObject({
      children: [image.descriptor],
    });
  });
});

describe('annotations that facts withhold', () => {
  const note = referrerOf(image, 'a/b', { text: 'x'.repeat(5_000) });

  it('are read again when they are asked for, and not for each who asks', async () => {
    const { readerOf, put, caches, count } = readers();
    await put('a', note);
    const facts = await readerOf('a').factsOfChild(note.digest, note.descriptor.mediaType);
    if (facts === 'none') throw new Error('it is a manifest');
    caches.annotations.clear();
    caches.bytes.clear();
    const reads = count('read');
    for (let times = 0; times < 3; times += 1) {
      expect((await readerOf('a').withheldOf(facts))?.toString()).toBe(JSON.stringify({ text: 'x'.repeat(5_000) }));
    }
    expect(count('read')).toBe(reads + 1);
  });

  it('of a file that is gone are listed as omitted', async () => {
    const { readerOf } = readers();
    const gone = { descriptor: note.descriptor, withheldBytes: 5_011 };
    expect(JSON.parse((await referrersJson([gone], readerOf('a'))).toString())).toEqual([
      { ...note.descriptor, annotations: { 'io.moorage.annotations.omitted': '5011' } },
    ]);
  });
});

describe('an index of many children', () => {
  const children = Array.from({ length: 30 }, (_, at) => imageManifest({ layers: at + 1 }));
  const index = imageIndex({ manifests: children });
  const descriptors = children.map(({ descriptor }) => descriptor);

  it('is not kept whole by its entry, and is read again when the cache has lost it', async () => {
    const { readerOf, put, caches } = readers();
    await put('a', index);
    const entry = parseIndexEntry(JSON.stringify(index.descriptor));
    expect(await readerOf('a').factsOfEntry(entry)).toMatchObject({ children: descriptors });
    expect(entry.facts).toMatchObject({ children: undefined });
    caches.facts.clear();
    expect(await readerOf('a').factsOfEntry(entry)).toMatchObject({ children: descriptors });
  });
});
