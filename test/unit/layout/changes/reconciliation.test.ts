// What reconcile makes of layouts of every tool (docs/layouts.md#reconcile): the form that all tools find, once, and nothing lost.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ImageLayout } from '../../../../src/layout/image-layout.ts';
import { parseIndexDocument } from '../../../../src/layout/index/index-parse.ts';
import { annotationKeys } from '../../../../src/oci/annotations.ts';
import type { Digest } from '../../../../src/oci/digest.ts';
import { parseRepositoryName } from '../../../../src/oci/reference.ts';
import { isReferrersTag } from '../../../../src/oci/referrers-tag.ts';
import type { Key } from '../../../../src/storage/object-store.ts';
import { blobOf, configType, imageManifest, referrerOf } from '../../../support/content.ts';
import { fixtureNames, putLayout, writeLayout } from '../../../support/fixture-layouts.ts';
import { interleaving } from '../../../support/interleaving-store.ts';
import { digestAt, pushBlob, pushManifest, referrersIn } from '../../../support/pushes.ts';
import { changesOf, directoryRegistry, memoryRegistry, registryOver } from '../../../support/registry-under-test.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const subject = 'sha256:d41a8bedca7607ebf8317f657342d13f374c18df27845f704fc9b3d11880da7b';

/** The fixture as the layout `shelf` of a root, and a registry that has not seen it yet. */
async function shelved(fixture: string, options: { readonly readOnly?: boolean } = {}) {
  const root = await temporaryDirectory();
  const directory = join(root, 'shelf');
  writeLayout(directory, fixture);
  const open = async () => {
    const { registry, repository } = await directoryRegistry({ root, ...options });
    const layouts: ImageLayout[] = [];
    for await (const { layout } of registry.layouts()) layouts.push(layout);
    const [layout] = layouts;
    if (layout === undefined) throw new Error('no layout was found');
    return { layout, registry, repository };
  };
  return { root, directory, open };
}

type Opened = Awaited<ReturnType<Awaited<ReturnType<typeof shelved>>['open']>>;

/** All that clients see: tags with their digests, and the referrers of the fixtures' image. */
async function seenIn({ registry }: Opened) {
  const { items } = await registry.catalog({});
  const seen: Record<string, unknown> = {};
  for (const name of items) {
    const { tags, manifests, referrers } = await registry.repository(parseRepositoryName(name));
    for (const tag of (await tags.list({})).items) {
      seen[`${name}:${tag}`] = await manifests.get({ kind: 'tag', tag }).then(
        ({ digest }) => digest,
        () => 'nothing',
      );
    }
    seen[`${name} referrers`] = (await referrers.list(subject as never, { artifactTypes: [] })).manifests;
  }
  return seen;
}

interface Entry {
  readonly annotations?: Readonly<Record<string, string>>;
}

function indexIn(directory: string): { text: string; top: Record<string, unknown>; entries: readonly Entry[] } {
  const bytes = readFileSync(join(directory, 'index.json'));
  const { head, tail, entries } = parseIndexDocument(bytes, undefined);
  return { text: bytes.toString(), top: JSON.parse(head + tail), entries: entries.map(({ line }) => JSON.parse(line)) };
}

function filesIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((path) => {
      const { mode, mtimeMs, size, ino } = statSync(join(directory, path));
      return `${path} ${mode} ${mtimeMs} ${size} ${ino}`;
    });
}

function isResponse({ annotations = {} }: Entry): boolean {
  return (
    annotations[annotationKeys.olaregSubject] !== undefined || isReferrersTag(annotations[annotationKeys.refName] ?? '')
  );
}

describe.each(fixtureNames())('%s', (fixture) => {
  it('is brought to the form, once, and clients see the same', async () => {
    const { directory, open } = await shelved(fixture);
    const first = await open();
    const before = indexIn(directory);
    const seen = await seenIn(first);
    const changes = await changesOf(first.layout).reconcile();
    const after = indexIn(directory);
    expect(await changesOf(first.layout).reconcile()).toEqual([]);
    const second = await open();
    expect(await changesOf(second.layout).reconcile()).toEqual([]);
    expect(indexIn(directory).text).toBe(after.text);
    expect(await seenIn(second)).toEqual(seen);
    if (fixture.startsWith('generated/recommended/')) expect(changes).toEqual([]);
    if (changes.length === 0) expect(after.text).toBe(before.text);
    expect({ ...after.top, ...before.top }).toEqual(after.top);
    for (const entry of before.entries.filter((each) => !isResponse(each))) {
      expect(
        after.entries.map((each) => JSON.stringify(each)).some((line) => isStillIn(line, entry)),
        JSON.stringify(entry),
      ).toBe(true);
    }
  });

  it('is left as it is by a dry run, which tells the same changes', async () => {
    const { root, open } = await shelved(fixture, { readOnly: true });
    const files = filesIn(root);
    const told = (await (await open()).layout.planReconcile())?.changes;
    expect(filesIn(root)).toEqual(files);
    const other = await shelved(fixture);
    expect(await changesOf((await other.open()).layout).reconcile()).toEqual(told);
  });
});

/** Every member and annotation that the entry had, in whatever it has become. */
function isStillIn(line: string, entry: Entry): boolean {
  const { annotations: was = {}, ...members } = entry;
  const { annotations: is = {}, ...others } = JSON.parse(line) as Entry;
  return (
    JSON.stringify({ ...others, ...members }) === JSON.stringify(others) &&
    JSON.stringify({ ...is, ...was }) === JSON.stringify(is)
  );
}

it('says that it gives an image the name that it had', async () => {
  const { open } = await shelved('generated/crane/multiarch');
  const { layout } = await open();
  const kinds = (await changesOf(layout).reconcile()).map(({ kind }) => kind);
  expect(kinds).toEqual(['named-image', 'listed-child', 'listed-child']);
});

it('while pushes go on loses none of them, and comes to the same', async () => {
  const { directory, open } = await shelved('generated/olareg/referrers');
  const { layout, repository } = await open();
  const images = Array.from({ length: 30 }, (_, at) => imageManifest({ annotations: { at: String(at) }, layers: 0 }));
  const referrers = images.slice(0, 5).map((each) => referrerOf(each, 'application/vnd.example.sbom'));
  await pushBlob(repository('shelf'), blobOf('{}', configType));
  const pushes = images.map(async (each, at) => {
    await pushManifest(repository('shelf'), `v${at}`, each);
    const referrer = referrers[at];
    if (referrer !== undefined) await pushManifest(repository('shelf'), referrer.digest, referrer);
  });
  const runs = Array.from({ length: 5 }, () => changesOf(layout).reconcile());
  await Promise.all([...pushes, ...runs]);
  await changesOf(layout).reconcile();
  expect(await changesOf(layout).reconcile()).toEqual([]);
  for (const [at, each] of images.entries()) expect(await digestAt(repository('shelf'), `v${at}`)).toBe(each.digest);
  for (const [at, each] of referrers.entries()) {
    expect(await referrersIn(repository('shelf'), images[at]?.digest as never)).toEqual([each.digest]);
  }
  expect(await referrersIn(repository('shelf'), subject as never)).toHaveLength(2);
  expect(new Set(indexIn(directory).entries.map((each) => JSON.stringify(each))).size).toBe(
    indexIn(directory).entries.length,
  );
});

it('what is deleted between the plan and the lock is not listed again', async () => {
  const { store } = await memoryRegistry();
  await putLayout(store, 'shelf', 'generated/regclient/referrers');
  const hooked = interleaving(store);
  const { registry } = registryOver(hooked.store);
  const { repository } = registryOver(store);
  const [first] = await referrersIn(repository('shelf'), subject as Digest);
  if (first === undefined) throw new Error('the fixture has no referrers');
  hooked.rightBefore('update', () => repository('shelf').manifests.delete({ kind: 'digest', digest: first }));
  for await (const { layout } of registry.layouts()) await changesOf(layout).reconcile();
  const index = await store.read('shelf/index.json' as Key, 1_000_000);
  expect(Buffer.from(index?.bytes ?? '').toString()).not.toContain(first);
  expect(await referrersIn(repository('shelf'), subject as Digest)).toHaveLength(1);
});
