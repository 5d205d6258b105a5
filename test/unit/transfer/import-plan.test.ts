// Which images an import takes, and under which names they arrive.
import { expect, it } from 'vitest';
import { parseRepositoryName, parseTag } from '../../../src/oci/reference.ts';
import { planImport } from '../../../src/transfer/import-plan.ts';
import { imageManifest } from '../../support/content.ts';
import { MemorySource } from '../../support/memory-source.ts';

const image = imageManifest();
const name = parseRepositoryName;

const others = [1, 2].map((n) => imageManifest({ annotations: { n: String(n) } }));

function sourceOf(...images: readonly (readonly [repository: string, tag: string])[]): MemorySource {
  const source = new MemorySource();
  for (const [repository, tag] of images) source.addImage(repository, image, tag);
  return source;
}

async function planned(
  source: MemorySource,
  target: string,
  { repository, tag, digest }: { repository?: string; tag?: string; digest?: true } = {},
) {
  const [targetName = '', targetTag] = target.split(':');
  const picked = tag === undefined ? undefined : ({ kind: 'tag', tag: parseTag(tag) } as const);
  const { images: plan } = await planImport(
    source,
    {
      repository: repository === undefined ? undefined : name(repository),
      reference: digest === true ? { kind: 'digest', digest: image.digest } : picked,
    },
    { name: name(targetName), tag: targetTag === undefined ? undefined : parseTag(targetTag) },
  );
  return plan.map(({ from, to, tag: at }) => `${from} -> ${to}${at === undefined ? '' : `:${at}`}`);
}

/** `app` with images that no tag leads to. */
function withUntagged(source: MemorySource, count: number): MemorySource {
  for (const each of others.slice(0, count)) source.addUntagged('app', each);
  return source;
}

const two = () => sourceOf(['base', 'v1'], ['team/app', 'v1'], ['team/app', 'v2']);

it.each([
  ['one image keeps its tag', ['app', { repository: 'team/app', tag: 'v1' }], ['team/app -> app:v1']],
  [
    'one image gets the tag of the target',
    ['app:stable', { repository: 'team/app', tag: 'v1' }],
    ['team/app -> app:stable'],
  ],
  ['an image by digest has no tag', ['app', { repository: 'team/app', digest: true }], ['team/app -> app']],
  ['an image by digest gets a tag', ['app:v9', { repository: 'team/app', digest: true }], ['team/app -> app:v9']],
  ['a repository keeps its tags', ['app', { repository: 'team/app' }], ['team/app -> app:v1', 'team/app -> app:v2']],
  ['a repository of one tag may be renamed', ['b:x', { repository: 'base' }], ['base -> b:x']],
  [
    'everything goes below the target',
    ['all', {}],
    ['base -> all/base:v1', 'team/app -> all/team/app:v1', 'team/app -> all/team/app:v2'],
  ],
] as const)('%s', async (_, [target, selection], expected) => {
  expect(await planned(two(), target, selection)).toEqual(expected);
});

it('the only repository of a source takes the name of the target', async () => {
  expect(await planned(sourceOf(['layout', 'v1']), 'app')).toEqual(['layout -> app:v1']);
});

it('repositories of one archive are named without the name of the archive', async () => {
  const source = sourceOf(['saved', 'v1'], ['saved/team/app', 'v1'], ['saved/base', 'v1']);
  const target = { name: name('all'), tag: undefined };
  const { images: plan } = await planImport(
    source,
    { repository: undefined, reference: undefined, within: 'saved' },
    target,
  );
  expect(plan.map(({ to }) => to)).toEqual(['all', 'all/base', 'all/team/app']);
});

it('several tags cannot become one', async () => {
  await expect(planned(two(), 'app:v1', { repository: 'team/app' })).rejects.toThrow(/2 tags, which cannot all be/);
});

it('an empty source, one without tags, and one without a catalog say so', async () => {
  await expect(planned(new MemorySource(), 'app')).rejects.toThrow('holds no repository');
  await expect(planned(new MemorySource().addImage('app', image), 'app')).rejects.toThrow('has no tags');
  const closed = two();
  closed.hasCatalog = false;
  await expect(planned(closed, 'app')).rejects.toThrow('does not list its repositories');
});

it('images without a tag come along, by digest, after the tags', async () => {
  const { images, notes } = await planImport(
    withUntagged(sourceOf(['app', 'v1']), 2),
    { repository: undefined, reference: undefined },
    { name: name('b'), tag: undefined },
  );
  expect(images).toEqual([
    { from: 'app', reference: { kind: 'tag', tag: 'v1' }, to: 'b', tag: 'v1' },
    ...others.map(({ digest }) => ({ from: 'app', reference: { kind: 'digest', digest }, to: 'b', tag: undefined })),
  ]);
  expect(notes).toEqual([]);
});

it('the tag of the target is for the only tag, and without tags for the only image', async () => {
  expect(await planned(withUntagged(sourceOf(['app', 'v1']), 1), 'b:x')).toEqual(['app -> b:x', 'app -> b']);
  expect(await planned(withUntagged(new MemorySource(), 1), 'b:x')).toEqual(['app -> b:x']);
  await expect(planned(withUntagged(new MemorySource(), 2), 'b:x')).rejects.toThrow('2 images without a tag');
});

it('without a target, images that say no name are left out and told beside others, and alone want one', async () => {
  const everything = { repository: undefined, reference: undefined };
  const ownName = async (own: string, tag: string | undefined) => (tag === undefined ? undefined : name(own));
  const { images, notes } = await planImport(withUntagged(sourceOf(['app', 'v1']), 2), everything, ownName);
  expect(images.map(({ tag }) => tag)).toEqual(['v1']);
  expect(notes).toEqual([expect.stringContaining(`no name is said: app@${others[0]?.digest} and 1 more; with a NAME`)]);
  const alone = planImport(withUntagged(new MemorySource(), 1), everything, ownName);
  await expect(alone).rejects.toThrow(
    `says no name of app@${others[0]?.digest}; write one: moorage import SOURCE NAME`,
  );
});

it('names that grow too long are refused', async () => {
  const long = 'a'.repeat(250);
  await expect(planned(two(), long)).rejects.toThrow('longer than 255');
});

it('without a target each image keeps the name that it has', async () => {
  const ownName = async (own: string, tag: string | undefined) => name(`docker.io/${own}-${tag ?? 'none'}`);
  const { images: plan } = await planImport(two(), { repository: undefined, reference: undefined }, ownName);
  expect(plan.map(({ to, tag }) => `${to}:${tag}`)).toEqual([
    'docker.io/base-v1:v1',
    'docker.io/team/app-v1:v1',
    'docker.io/team/app-v2:v2',
  ]);
  const one = { repository: name('base'), reference: { kind: 'digest', digest: image.digest } as const };
  expect((await planImport(two(), one, ownName)).images).toMatchObject([{ to: 'docker.io/base-none', tag: undefined }]);
});

it('an image that says no name wants one', async () => {
  const ownName = async (_name: string, tag: string | undefined) => (tag === 'v1' ? name('own') : undefined);
  const planning = planImport(two(), { repository: undefined, reference: undefined }, ownName);
  await expect(planning).rejects.toThrow('says no name of team/app:v2; write one: moorage import SOURCE NAME');
});
