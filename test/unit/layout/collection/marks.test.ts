// What a collection keeps and what it takes, for the layouts of every tool and for each thing that cannot be understood.
import { describe, expect, it } from 'vitest';
import type { Collected } from '../../../../src/layout/collection/collected.ts';
import { type Digest, digestOf } from '../../../../src/oci/digest.ts';
import { untold } from '../../../../src/registry/collection-events.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';
import type { Key, ObjectStore } from '../../../../src/storage/object-store.ts';
import {
  artifactManifest,
  blobOf,
  type Content,
  contentOf,
  imageIndex,
  imageManifest,
  referrerOf,
} from '../../../support/content.ts';
import { fixtureNames, putLayout } from '../../../support/fixture-layouts.ts';
import { registryOver } from '../../../support/registry-under-test.ts';
import { TestClock } from '../../../support/test-clock.ts';

const graceMs = 3_600_000;
const keyOf = ({ digest }: { digest: Digest }) => `app/blobs/${digest.replace(':', '/')}` as Key;

interface Layout {
  readonly store: ObjectStore;
  readonly clock: TestClock;
  put(...contents: readonly Content[]): Promise<void>;
  list(...entries: readonly object[]): Promise<void>;
  /** Of what would be deleted, and why nothing would be. */
  plan(): Promise<{ deleted: readonly Collected[]; skipped: string | undefined }>;
}

function emptyLayout(): Layout {
  const clock = new TestClock();
  const store = new MemoryStore(() => clock.now());
  const put = async (...contents: readonly Content[]) => {
    for (const content of contents) await store.write(keyOf(content), content.bytes);
  };
  const list = async (...manifests: readonly object[]) => {
    const index = { schemaVersion: 2, manifests };
    await store.write('app/index.json' as Key, Buffer.from(JSON.stringify(index)));
  };
  return { store, clock, put, list, plan: () => planOf(store, clock) };
}

async function planOf(store: ObjectStore, clock: TestClock) {
  const deleted: Collected[] = [];
  let skipped: string | undefined;
  const { registry } = registryOver(store, clock, { readOnly: true });
  const signal = new AbortController().signal;
  const onDeleted = (deletion: Collected) => deleted.push(deletion);
  const onSkipped = (_: string, why: string) => {
    skipped = why;
  };
  const options = { dryRun: true, graceMs, onlyPushed: false, isMeant: undefined, signal };
  await registry.collect({ ...untold, ...options, onDeleted, onSkipped });
  return { deleted, skipped };
}

const digests = (deleted: readonly Collected[]) => deleted.map(({ digest }) => digest).sort();
const garbage = blobOf('nobody needs this');

/** Old garbage beside what `entries` lead to. */
async function layoutOf(contents: readonly Content[], ...entries: readonly object[]): Promise<Layout> {
  const layout = emptyLayout();
  await layout.put(...contents, garbage);
  await layout.list(...entries);
  layout.clock.advance(2 * graceMs);
  return layout;
}

/** Responses that olareg wrote anew, and left the one before. */
const replacedIn: Readonly<Record<string, readonly string[]>> = {
  'recorded/olareg/acme/app': ['sha256:c086aff4056808f6df1454ec7a29fff7663f9917efd751eca9737663d6a4a6d7'],
};

describe('what is kept', () => {
  it.each(fixtureNames())('takes nothing that a tool needs: %s', async (fixture) => {
    const clock = new TestClock();
    const store = new MemoryStore(() => clock.now());
    await putLayout(store, 'app', fixture);
    await store.write(keyOf(garbage), garbage.bytes);
    clock.advance(2 * graceMs);
    const { deleted, skipped } = await planOf(store, clock);
    // Whose one entry is of a type that nobody knows.
    if (fixture === 'generated/odd/unknown-mediatype') return expect(skipped).toMatch(/unknown type/);
    expect(skipped).toBeUndefined();
    const replaced = replacedIn[fixture] ?? [];
    expect(digests(deleted)).toEqual([garbage.digest, ...replaced].sort());
  });

  it('is what entries lead to, nested, in every field, and what it is about', async () => {
    const config = blobOf('config');
    const leaf = imageManifest({
      layers: [blobOf('one'), blobOf('two', 'application/vnd.cncf.helm.chart.content.v1.tar+gzip')],
    });
    const attestation = imageManifest({
      config,
      subject: leaf,
      layers: [blobOf('in-toto', 'application/vnd.in-toto+json')],
    });
    const inner = imageIndex({ manifests: [leaf, attestation] });
    const extra = blobOf('named by a field of tomorrow');
    const outer = imageIndex({ manifests: [inner], extra: { 'org.example': { deep: [extra.descriptor] } } });
    const sbom = artifactManifest([blobOf('sbom')], outer);
    const all = [
      leaf,
      ...leaf.layers,
      leaf.config,
      attestation,
      config,
      ...attestation.layers,
      inner,
      extra,
      outer,
      sbom,
    ];
    const layout = await layoutOf([...all, ...sbom.blobs], outer.descriptor, sbom.descriptor);
    const { deleted } = await layout.plan();
    expect(digests(deleted)).toEqual([garbage.digest]);
    expect(deleted[0]).toMatchObject({ kind: 'blob', bytes: garbage.bytes.byteLength, why: 'no manifest needs it' });
  });

  it('is also a subject that only its referrer leads to', async () => {
    const image = imageManifest();
    const sbom = referrerOf(image, 'application/sbom');
    const layout = await layoutOf([image, ...image.layers, image.config, sbom, sbom.config], sbom.descriptor);
    expect(digests((await layout.plan()).deleted)).toEqual([garbage.digest]);
  });

  it('is what refers to it, although nothing leads there, and what refers to that in turn', async () => {
    const image = imageManifest();
    const other = imageManifest({ annotations: { other: 'image' } });
    const signature = imageManifest({ subject: image, layers: [blobOf('signature')], annotations: { one: '1' } });
    const ofSignature = referrerOf(signature, 'application/timestamp');
    const ofOther = referrerOf(other, 'application/sbom');
    const layout = await layoutOf(
      [image, ...image.layers, image.config, ofSignature, signature, ...signature.layers, ofOther],
      image.descriptor,
    );
    const { deleted } = await layout.plan();
    expect(digests(deleted)).toEqual([garbage.digest, ofOther.digest].sort());
    expect(deleted.find(({ digest }) => digest === ofOther.digest)).toMatchObject({ kind: 'manifest' });
  });

  it('is whatever is young, and what a manifest leads to that another program has yet to list', async () => {
    const old = [blobOf('old layer'), blobOf('old config')] as const;
    const unlisted = imageManifest({ layers: [old[0]], config: old[1] });
    const layout = await layoutOf([...old]);
    const young = blobOf('young');
    await layout.put(unlisted, young);
    expect(digests((await layout.plan()).deleted)).toEqual([garbage.digest]);
    layout.clock.advance(2 * graceMs);
    const all = [garbage, ...old, unlisted, young].map(({ digest }) => digest).sort();
    expect(digests((await layout.plan()).deleted)).toEqual(all);
  });

  it('is what bears no digest for a name', async () => {
    const layout = await layoutOf([]);
    await layout.store.write('app/blobs/sha256/notes.txt' as Key, Buffer.from('mine'));
    await layout.store.write('app/notes.txt' as Key, Buffer.from('mine'));
    layout.clock.advance(2 * graceMs);
    expect(digests((await layout.plan()).deleted)).toEqual([garbage.digest]);
  });
});

describe('a layout is left as it is', () => {
  const image = imageManifest();
  const files = [image, ...image.layers, image.config];

  it.each<[string, readonly Content[], readonly object[], RegExp]>([
    ['entry of an unknown type', files, [{ ...image.descriptor, mediaType: 'application/x' }], /unknown type/],
    ['entry without a digest', files, [image.descriptor, { mediaType: image.descriptor.mediaType }], /no digest/],
    ['entry of an unknown algorithm', files, [{ ...image.descriptor, digest: 'blake3:abcdef' }], /no digest/],
    ['entry that is not JSON of an object', files, [image.descriptor, ['x'] as object], /no digest/],
  ])('for an %s', async (_, contents, entries, why) => {
    const { deleted, skipped } = await (await layoutOf(contents, ...entries)).plan();
    expect(deleted).toEqual([]);
    expect(skipped).toMatch(why);
  });

  it('for a manifest that is not what its name says', async () => {
    const layout = await layoutOf(files, image.descriptor);
    await layout.store.write(keyOf(image), Buffer.from(`${image.bytes} `));
    layout.clock.advance(2 * graceMs);
    expect(await layout.plan()).toMatchObject({ deleted: [], skipped: /cannot be read/ });
  });

  it('for a manifest that cannot be parsed', async () => {
    for (const text of [
      '{',
      '[]',
      '{"schemaVersion":2,"layers":"none"}',
      '{"layers":[],"manifests":[],"schemaVersion":2}',
    ]) {
      const broken = contentOf(Buffer.from(text), image.descriptor.mediaType);
      const { deleted, skipped } = await (await layoutOf([broken], broken.descriptor)).plan();
      expect(deleted).toEqual([]);
      expect(skipped).toMatch(/cannot be understood/);
    }
  });

  it('for a child of an unknown type that may lead further, and not for a layer or text', async () => {
    const unknown = contentOf(Buffer.from('{"needs":"something"}'), 'application/vnd.tomorrow+json');
    const text = contentOf(Buffer.from('text'), 'application/vnd.tomorrow');
    const layer = blobOf('{"a layer":"of JSON"}', 'application/vnd.oci.image.layer.v1.tar');
    const good = imageIndex({ manifests: [text, layer] });
    const bad = imageIndex({ manifests: [unknown] });
    expect(await (await layoutOf([unknown, bad], bad.descriptor)).plan()).toMatchObject({
      deleted: [],
      skipped: /unknown type/,
    });
    const { deleted } = await (await layoutOf([text, layer, good], good.descriptor)).plan();
    expect(digests(deleted)).toEqual([garbage.digest]);
  });

  it('for an index.json that cannot be read', async () => {
    const layout = await layoutOf(files, image.descriptor);
    await layout.store.write('app/index.json' as Key, Buffer.from('{"manifests":['));
    expect(await layout.plan()).toMatchObject({ deleted: [], skipped: /cannot be read/ });
    await layout.store.write('app/index.json' as Key, Buffer.from('{"a":"web project"}'));
    expect(await layout.plan()).toMatchObject({ deleted: [], skipped: /not an image index/ });
  });

  it('while another program works there', async () => {
    const layout = await layoutOf(files, image.descriptor);
    await layout.store.write('app/index.json.lock' as Key, Buffer.from(''));
    expect(await layout.plan()).toMatchObject({ deleted: [], skipped: /another program/ });
    await layout.store.delete('app/index.json.lock' as Key);
    const half = contentOf(image.bytes, 'x');
    const other = imageManifest({ annotations: { half: 'written' } });
    await layout.store.write(keyOf(other), half.bytes.subarray(0, 20));
    expect(await layout.plan()).toMatchObject({ deleted: [], skipped: /being written/ });
    await layout.store.write(keyOf(other), Buffer.from(''));
    expect(await layout.plan()).toMatchObject({ deleted: [], skipped: /being written/ });
    layout.clock.advance(2 * graceMs);
    expect(digests((await layout.plan()).deleted)).toEqual([garbage.digest, digestOf(other.bytes)].sort());
  });

  it('and never for a child that is missing', async () => {
    const sparse = imageIndex({ manifests: [image, imageManifest({ annotations: { is: 'missing' } })] });
    const { deleted } = await (await layoutOf([sparse, ...files], sparse.descriptor)).plan();
    expect(digests(deleted)).toEqual([garbage.digest]);
  });
});
