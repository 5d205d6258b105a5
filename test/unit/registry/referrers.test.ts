// Referrers: found whichever tool wrote them, written so that every tool finds them, gone with their manifest.
import { describe, expect, it } from 'vitest';
import { layoutKeys } from '../../../src/layout/files/keys.ts';
import { type Digest, digestOf, parseDigest } from '../../../src/oci/digest.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import { referrersTagOf } from '../../../src/oci/referrers-tag.ts';
import type { Key, ObjectStore } from '../../../src/storage/object-store.ts';
import { StorageError } from '../../../src/storage/storage-error.ts';
import { blobOf, type Content, imageIndex, imageManifest, referrerOf } from '../../support/content.ts';
import { putLayout } from '../../support/fixture-layouts.ts';
import { interleaving } from '../../support/interleaving-store.ts';
import { codeOf, digestAt, pull, pushImage, pushManifest, referrersIn, tagsOf } from '../../support/pushes.ts';
import { memoryRegistry, onEveryDriver, registryOver } from '../../support/registry-under-test.ts';

const subject = parseDigest('sha256:d41a8bedca7607ebf8317f657342d13f374c18df27845f704fc9b3d11880da7b');
const sbom = {
  mediaType: mediaTypes.imageManifest,
  digest: 'sha256:2f465ec59881bdb4f96ef8bdd8e856d21078d0acbb8127f98484846f248208b6',
  size: 669,
  artifactType: 'application/vnd.example.sbom.v1',
  annotations: { 'org.opencontainers.image.created': '2026-01-02T03:04:05Z', 'com.example.kind': 'sbom' },
};
const signature = {
  mediaType: mediaTypes.imageManifest,
  digest: 'sha256:7c985542cbfff8e3a903c0e6f49234524428ec9899f3db6167b0d3788ef0f92e',
  size: 610,
  artifactType: 'application/vnd.example.signature.config.v1+json',
  annotations: { 'org.opencontainers.image.created': '2026-01-02T03:04:05Z' },
};

const keys = layoutKeys(parseRepositoryName('a'));
const indexText = async (store: ObjectStore) =>
  Buffer.from((await store.read(keys.index, 1e9))?.bytes ?? []).toString();
const entriesOf = async (store: ObjectStore) =>
  (JSON.parse(await indexText(store)) as { manifests: { digest: Digest; annotations?: Record<string, string> }[] })
    .manifests;

/** The response that clients without the API find under the tag; undefined when there is none. */
async function responseIn(store: ObjectStore, of: Digest) {
  const tag = referrersTagOf(of);
  const entry = (await entriesOf(store)).find(
    (each) => each.annotations?.['org.opencontainers.image.ref.name'] === tag,
  );
  if (entry === undefined) return undefined;
  const object = await store.read(keys.blob(entry.digest), 1e9);
  return object && { entry, json: JSON.parse(Buffer.from(object.bytes).toString()) };
}

describe('the referrers that a tool wrote', () => {
  it.each([
    ['recorded/oras/referrers-copied', 'as plain entries'],
    ['generated/zot/referrers', 'as plain entries'],
    ['generated/containerd/referrers', 'as entries that name their subject'],
    ['recorded/regctl/referrers', 'in a response under the referrers tag, the manifests not listed'],
    ['generated/regclient/referrers', 'in a response under the referrers tag'],
    ['generated/odd/fallback-tag-only', 'in a response, the subject not there'],
    ['recorded/olareg/acme/app', 'in a response with its annotation'],
    ['generated/olareg/referrers-pr1171', 'in a response with the proposed annotation'],
    ['generated/recommended/referrers-olareg', 'in every way at once'],
  ])('%s are listed: %s', async (fixture) => {
    const { repository, store } = await memoryRegistry();
    await putLayout(store, 'a', fixture);
    const { manifests } = await repository('a').referrers.list(subject, { artifactTypes: [] });
    expect(manifests).toEqual([sbom, signature]);
    const typed = await repository('a').referrers.list(subject, { artifactTypes: [signature.artifactType] });
    expect(typed.manifests).toEqual([signature]);
    expect((await pull(repository('a'), sbom.digest)).mediaType).toBe(mediaTypes.imageManifest);
  });

  it('twice are listed once', async () => {
    const { repository, store } = await memoryRegistry();
    await putLayout(store, 'a', 'generated/buildx/referrers');
    expect(await referrersIn(repository('a'), subject)).toEqual([sbom.digest]);
  });

  it.each(['recorded/regctl/referrers', 'generated/odd/fallback-tag-only'])(
    'in a response of %s hide its tag, and its bytes can be pulled by it',
    async (fixture) => {
      const { repository, store } = await memoryRegistry();
      await putLayout(store, 'a', fixture);
      expect(await tagsOf(repository('a'))).not.toContain(referrersTagOf(subject));
      expect((await pull(repository('a'), referrersTagOf(subject))).mediaType).toBe(mediaTypes.imageIndex);
    },
  );

  it('are not believed: an attestation without a subject is none, nor is an entry that only claims one', async () => {
    const { repository, store } = await memoryRegistry();
    await putLayout(store, 'a', 'generated/buildkit/attestation');
    expect(await referrersIn(repository('a'), subject)).toEqual([]);
    const claims = { ...signature, annotations: { 'io.containerd.manifest.subject': `sha256:${'0'.repeat(64)}` } };
    await putLayout(store, 'b', 'recorded/oras/referrers-copied');
    await store.write('b/index.json' as Key, Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [claims] })));
    expect(await referrersIn(repository('b'), parseDigest(`sha256:${'0'.repeat(64)}`))).toEqual([]);
    expect(await referrersIn(repository('b'), subject)).toEqual([signature.digest]);
  });

  it('all come into the response that our next attach writes', async () => {
    const { repository, store } = await memoryRegistry();
    await putLayout(store, 'a', 'recorded/oras/referrers-copied');
    const attached = referrerOf(subject, 'application/vnd.example.note');
    await pushManifest(repository('a'), attached.digest, attached);
    const digests = [sbom.digest, signature.digest, attached.digest].sort();
    expect(await referrersIn(repository('a'), subject)).toEqual(digests);
    const response = await responseIn(store, subject);
    expect(response?.json.manifests.map(({ digest }: { digest: string }) => digest)).toEqual(digests);
  });

  it.each(['recorded/regctl/referrers', 'recorded/olareg/acme/app', 'recorded/oras/referrers-copied'])(
    'of %s are gone at once when they are deleted, from the response too',
    async (fixture) => {
      const { repository, store } = await memoryRegistry();
      await putLayout(store, 'a', fixture);
      await repository('a').manifests.delete({ kind: 'digest', digest: parseDigest(sbom.digest) });
      expect(await referrersIn(repository('a'), subject)).toEqual([signature.digest]);
      expect(await digestAt(repository('a'), sbom.digest)).toBeUndefined();
      expect((await responseIn(store, subject))?.json.manifests).toEqual([signature]);
    },
  );
});

describe('a layout that olareg has converted', () => {
  const note = referrerOf(subject, 'application/vnd.example.note');
  const olaregs = async (store: ObjectStore) =>
    (await entriesOf(store)).filter(({ annotations }) => annotations?.['org.olareg.referrer.subject'] === subject);

  it('gets the response that olareg looks for, beside the one under the tag and with other bytes', async () => {
    const { repository, store } = await memoryRegistry();
    await putLayout(store, 'a', 'recorded/olareg/acme/app');
    await pushManifest(repository('a'), note.digest, note);
    const [entry, ...others] = await olaregs(store);
    if (entry === undefined) throw new Error('no entry');
    expect(others).toEqual([]);
    const response = JSON.parse(Buffer.from((await store.read(keys.blob(entry.digest), 1e6))?.bytes ?? []).toString());
    expect(response.manifests.map(({ digest }: { digest: string }) => digest)).toEqual(
      [sbom.digest, signature.digest, note.digest].sort(),
    );
    expect((await responseIn(store, subject))?.entry.digest).not.toBe(entry.digest);
    const json = JSON.parse(await indexText(store));
    expect(json.annotations).toEqual({ 'org.olareg.referrer.convert': 'true' });
    expect(Object.keys(json['org.olareg.history'])).toEqual(['multi', 'v1']);
  });

  it('loses it with its last referrer', async () => {
    const { repository, store } = await memoryRegistry();
    await putLayout(store, 'a', 'recorded/olareg/acme/app');
    for (const digest of [sbom.digest, signature.digest]) {
      await repository('a').manifests.delete({ kind: 'digest', digest: parseDigest(digest) });
    }
    expect(await olaregs(store)).toEqual([]);
    expect(await responseIn(store, subject)).toBeUndefined();
  });

  it('is the only one that gets it', async () => {
    const { repository, store } = await memoryRegistry();
    await putLayout(store, 'a', 'recorded/oras/referrers-copied');
    await pushManifest(repository('a'), note.digest, note);
    expect(await olaregs(store)).toEqual([]);
  });
});

describe.each(onEveryDriver)('an attach %s', (_, open) => {
  const image = imageManifest();
  const note = referrerOf(image, 'application/vnd.example.note', { b: '2', a: '1' });
  const scan = imageManifest({ subject: image, config: blobOf('{}', 'application/vnd.example.scan+json'), layers: 0 });

  it('writes an entry with type and subject, and a response exactly as the API answers it', async () => {
    const { repository, store } = await open();
    await pushImage(repository('a'), image, 'v1');
    await pushImage(repository('a'), note);
    const pushed = await pushManifest(repository('a'), scan.digest, scan);
    expect(pushed.subject).toBe(image.digest);
    const listed = [
      { ...scan.descriptor, artifactType: 'application/vnd.example.scan+json' },
      { ...note.descriptor, artifactType: 'application/vnd.example.note', annotations: { b: '2', a: '1' } },
    ].sort((one, other) => (one.digest < other.digest ? -1 : 1));
    expect((await repository('a').referrers.list(image.digest, { artifactTypes: [] })).manifests).toEqual(listed);
    expect((await entriesOf(store)).find(({ digest }) => digest === note.digest)).toMatchObject({
      artifactType: 'application/vnd.example.note',
      annotations: { 'io.containerd.manifest.subject': image.digest },
    });
    const response = await responseIn(store, image.digest);
    expect(response?.json).toEqual({ schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests: listed });
    expect(Object.keys(response?.json)).toEqual(['schemaVersion', 'mediaType', 'manifests']);
    expect(await tagsOf(repository('a'))).toEqual(['v1']);
  });

  it('to what is not there yet, or to an index, or of an index, is an attach', async () => {
    const { repository } = await open();
    const absent = digestOf(Buffer.from('never pushed'));
    const index = imageIndex({ subject: absent, artifactType: 'a/b' });
    const plain = imageIndex({ subject: index });
    await pushManifest(repository('a'), index.digest, index);
    await pushManifest(repository('a'), plain.digest, plain);
    const { manifests } = await repository('a').referrers.list(absent, { artifactTypes: [] });
    expect(manifests).toEqual([{ ...index.descriptor, artifactType: 'a/b' }]);
    expect((await repository('a').referrers.list(index.digest, { artifactTypes: [] })).manifests).toEqual([
      plain.descriptor,
    ]);
  });

  it('of many at once lists them all', async () => {
    const { repository, store } = await open();
    const notes = Array.from({ length: 20 }, (_each, at) => referrerOf(image, 'a/b', { at: `${at}` }));
    await Promise.all(notes.map((each) => pushManifest(repository('a'), each.digest, each)));
    const digests = notes.map(({ digest }) => digest).sort();
    expect(await referrersIn(repository('a'), image.digest)).toEqual(digests);
    const response = await responseIn(store, image.digest);
    expect(response?.json.manifests.map(({ digest }: { digest: string }) => digest)).toEqual(digests);
  });

  it('that is undone leaves no response', async () => {
    const { repository, store } = await open();
    await pushImage(repository('a'), image, 'v1');
    await pushImage(repository('a'), note);
    await repository('a').manifests.delete({ kind: 'digest', digest: note.digest });
    expect(await referrersIn(repository('a'), image.digest)).toEqual([]);
    expect(await responseIn(store, image.digest)).toBeUndefined();
    expect(await codeOf(pull(repository('a'), note.digest))).toBe('MANIFEST_UNKNOWN');
  });

  it('stays when its subject is deleted', async () => {
    const { repository } = await open();
    await pushImage(repository('a'), image, 'v1');
    await pushImage(repository('a'), note);
    await repository('a').manifests.delete({ kind: 'digest', digest: image.digest });
    expect(await referrersIn(repository('a'), image.digest)).toEqual([note.digest]);
  });

  it('is seen in its own repository only', async () => {
    const { repository } = await open();
    await pushImage(repository('a'), note);
    expect(await referrersIn(repository('b'), image.digest)).toEqual([]);
    await pushImage(repository('b'), image, 'v1');
    expect(await referrersIn(repository('b'), image.digest)).toEqual([]);
  });

  it('replaces the response before: its file stays for a minute, then goes with the next write', async () => {
    const { repository, store, clock } = await open();
    await pushImage(repository('a'), note);
    const first = (await responseIn(store, image.digest))?.entry.digest;
    await pushImage(repository('a'), scan);
    const second = (await responseIn(store, image.digest))?.entry.digest;
    if (first === undefined || second === undefined) throw new Error('no response');
    expect(await store.stat(keys.blob(first))).toBeDefined();
    clock.advance(61_000);
    await pushImage(repository('a'), imageManifest({ annotations: { n: '2' } }), 'v2');
    expect(await store.stat(keys.blob(first))).toBeUndefined();
    expect(await store.stat(keys.blob(second))).toBeDefined();
    expect(await referrersIn(repository('a'), image.digest)).toHaveLength(2);
  });

  it('that leads back to an earlier response keeps its file', async () => {
    const { repository, store, clock } = await open();
    await pushImage(repository('a'), note);
    const first = (await responseIn(store, image.digest))?.entry.digest;
    await pushImage(repository('a'), scan);
    await repository('a').manifests.delete({ kind: 'digest', digest: scan.digest });
    clock.advance(61_000);
    await pushImage(repository('a'), imageManifest({ annotations: { n: '2' } }), 'v2');
    const response = await responseIn(store, image.digest);
    expect(response?.entry.digest).toBe(first);
    expect(response?.json.manifests).toHaveLength(1);
  });
});

describe('an image under the name of a referrers tag', () => {
  const image = imageManifest();
  const tag = referrersTagOf(image.digest);
  const note = referrerOf(image, 'application/vnd.example.note');
  const named: readonly Content[] = [
    imageManifest({ annotations: { n: 'somebody named me so' } }),
    imageIndex({ manifests: [image], annotations: { n: 'an index of ordinary images' } }),
  ];

  it.each(named)('is an ordinary tag, and no attach takes it away: $descriptor.mediaType', async (content) => {
    const { repository, clock } = await memoryRegistry();
    await pushImage(repository('a'), image, 'v1');
    await pushManifest(repository('a'), tag, content);
    expect(await tagsOf(repository('a'))).toEqual([tag, 'v1'].sort());
    await pushImage(repository('a'), note);
    clock.advance(61_000);
    await pushImage(repository('a'), imageManifest({ annotations: { n: '2' } }), 'v2');
    expect((await pull(repository('a'), tag)).bytes).toEqual(content.bytes);
    expect(await referrersIn(repository('a'), image.digest)).toEqual([note.digest]);
  });

  it('that a client without the API pushed as its response is taken over', async () => {
    const { repository, store } = await memoryRegistry();
    await pushImage(repository('a'), note);
    const pushed = imageIndex({ manifests: [note], annotations: { n: 'as a client writes it' } });
    await pushManifest(repository('a'), tag, pushed);
    expect(await tagsOf(repository('a'))).toEqual([]);
    const other = referrerOf(image, 'application/vnd.example.other');
    await pushImage(repository('a'), other);
    expect((await responseIn(store, image.digest))?.json.manifests).toHaveLength(2);
  });
});

describe('a list of referrers', () => {
  it('is empty for any digest of any repository', async () => {
    const { repository } = await memoryRegistry();
    expect(await referrersIn(repository('nobody/here'), digestOf(Buffer.from('x')))).toEqual([]);
    await pushImage(repository('a'), imageManifest(), 'v1');
    expect(await referrersIn(repository('a'), digestOf(Buffer.from('x')))).toEqual([]);
  });

  it('matches any of several types, and those that have none by the empty one', async () => {
    const { repository } = await memoryRegistry();
    const [one, two] = ['a/one', 'a/two'].map((type) => referrerOf(subject, type));
    const untyped = imageIndex({ subject });
    if (one === undefined || two === undefined) throw new Error('two were made');
    for (const each of [one, two, untyped]) await pushManifest(repository('a'), each.digest, each);
    const listed = async (...artifactTypes: string[]) =>
      (await repository('a').referrers.list(subject, { artifactTypes })).manifests.map(({ digest }) => digest);
    expect(await listed('a/one', 'a/two')).toEqual([one.digest, two.digest].sort());
    expect(await listed('a/two')).toEqual([two.digest]);
    expect(await listed('a/none')).toEqual([]);
    expect(await listed('')).toEqual([untyped.digest]);
  });

  it('comes in pages below 4 MB, each going on where the last ended', async () => {
    const { repository } = await memoryRegistry();
    const large = 'x'.repeat(900_000);
    const notes = Array.from({ length: 10 }, (_, at) => referrerOf(subject, 'a/b', { at: `${at}`, large }));
    for (const each of notes) await pushManifest(repository('a'), each.digest, each);
    const seen: Digest[] = [];
    let after: Digest | undefined;
    for (let pages = 1; ; pages += 1) {
      const page = await repository('a').referrers.list(subject, { artifactTypes: ['a/b'], after });
      expect(JSON.stringify(page.manifests).length).toBeLessThan(4_000_000);
      seen.push(...page.manifests.map(({ digest }) => digest));
      after = page.next;
      if (after === undefined) {
        expect(pages).toBe(3);
        break;
      }
    }
    expect(seen).toEqual(notes.map(({ digest }) => digest).sort());
  });

  it('that could not be made is made for the next who asks', async () => {
    const { store } = await memoryRegistry();
    await putLayout(store, 'a', 'recorded/regctl/referrers');
    const hooked = interleaving(store);
    const { repository } = registryOver(hooked.store);
    await tagsOf(repository('a'));
    hooked.rightBefore('stat', () => {
      throw new StorageError('unavailable', 'injected');
    });
    await expect(referrersIn(repository('a'), subject)).rejects.toThrow('injected');
    expect(await referrersIn(repository('a'), subject)).toEqual([sbom.digest, signature.digest]);
  });
});
