// Which repositories and tags the names of one index.json make (docs/layouts.md#several-repositories-in-one-file).
import { describe, expect, it } from 'vitest';
import { parseIndexEntry } from '../../../../src/layout/index/index-entry.ts';
import type { NameRules } from '../../../../src/layout/names/name-rules.ts';
import { nameTableOf } from '../../../../src/layout/names/name-table.ts';
import { annotationKeys } from '../../../../src/oci/annotations.ts';
import { mediaTypes } from '../../../../src/oci/media-type.ts';
import { defaultRules } from '../../../support/rules.ts';

const { refName, imageName, created, containerdSubject } = annotationKeys;
const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;

/** A manifest named by a letter, with its annotations. */
function entry(letter: string, annotations: Record<string, string> = {}, mediaType: string = mediaTypes.imageManifest) {
  return parseIndexEntry(JSON.stringify({ mediaType, digest: digestOf(letter), size: 1, annotations }));
}

const inRef = (letter: string, name: string) => entry(letter, { [refName]: name });
const docker = (letter: string, name: string) =>
  entry(letter, { [imageName]: name, [refName]: name.slice(name.lastIndexOf(':') + 1) });

/** The letters of each tag, in the order of the file, by repository. */
function tagsOf(entries: readonly ReturnType<typeof entry>[], own = 'shelf/own', rules: Partial<NameRules> = {}) {
  const { repositories, listed } = nameTableOf(entries, own, { ...defaultRules, ...rules });
  const tags = Object.fromEntries(
    [...repositories].map(([path, byTag]) => [
      path,
      Object.fromEntries([...byTag].map(([tag, held]) => [tag, held.map(({ digest }) => digest?.[7]).join('')])),
    ]),
  );
  return { tags, listed };
}

describe('full names of one repository', () => {
  it('are tags of the layout, and of the name itself', () => {
    const { tags, listed } = tagsOf([
      docker('a', 'docker.io/library/alpine:3.20'),
      docker('b', 'docker.io/library/alpine:latest'),
    ]);
    const both = { '3.20': 'a', latest: 'b' };
    expect(tags).toEqual({ '': both, 'library/alpine': both, 'docker.io/library/alpine': both });
    expect(listed).toEqual(['']);
  });

  it('with a bare tag beside it: the bare tag here, the full name elsewhere', () => {
    const { tags } = tagsOf([entry('a', { [imageName]: 'acme/app:v1', [refName]: 'other' })]);
    expect(tags).toEqual({ '': { other: 'a' }, 'acme/app': { v1: 'a' } });
  });

  it('without a tag have the bare one beside them, if any', () => {
    expect(tagsOf([entry('a', { [imageName]: 'acme/app', [refName]: 'v1' })]).tags).toEqual({
      '': { v1: 'a' },
      'acme/app': { v1: 'a' },
    });
    expect(tagsOf([entry('a', { [imageName]: 'acme/app' })]).tags).toEqual({ '': {}, 'acme/app': {} });
  });
});

describe('full names of several repositories', () => {
  const save = [docker('a', 'docker.io/library/alpine:v1'), docker('b', 'ghcr.io/acme/app:v1')];

  it('are virtual repositories, with and without the host, and not the layout', () => {
    const { tags, listed } = tagsOf(save);
    expect(tags).toEqual({
      'library/alpine': { v1: 'a' },
      'docker.io/library/alpine': { v1: 'a' },
      'acme/app': { v1: 'b' },
      'ghcr.io/acme/app': { v1: 'b' },
    });
    expect(listed).toEqual(['library/alpine', 'acme/app']);
    expect(tagsOf(save, 'own', { registryHost: 'keep' }).listed).toEqual([
      'docker.io/library/alpine',
      'ghcr.io/acme/app',
    ]);
  });

  it('beside bare tags, which are those of the layout', () => {
    const { tags, listed } = tagsOf([...save, inRef('c', 'v1')]);
    expect(tags['']).toEqual({ v1: 'c' });
    expect(listed).toEqual(['', 'library/alpine', 'acme/app']);
  });

  it('beside a referrers response, which makes no repository of the layout', () => {
    expect(tagsOf([...save, inRef('c', `sha256-${'a'.repeat(64)}`)]).listed).toEqual(['library/alpine', 'acme/app']);
  });

  it.each(['acme/app', 'app'])('one of which ends with the name of the layout, %s, is the layout', (own) => {
    const { tags, listed } = tagsOf(save, own);
    expect(tags['']).toEqual({ v1: 'b' });
    expect(tags['library/alpine']).toEqual({ v1: 'a' });
    expect(listed).toEqual(['', 'library/alpine']);
  });

  it('two of which end with the name of the layout are none of them the layout', () => {
    const twins = [docker('a', 'docker.io/acme/app:v1'), docker('b', 'ghcr.io/acme/app:v1')];
    expect(tagsOf(twins, 'app').tags['']).toBeUndefined();
  });

  it('of one path at two registries are told apart by their hosts alone', () => {
    const { tags, listed } = tagsOf([docker('a', 'docker.io/acme/app:v1'), docker('b', 'ghcr.io/acme/app:v1')]);
    expect(tags).toEqual({ 'docker.io/acme/app': { v1: 'a' }, 'ghcr.io/acme/app': { v1: 'b' } });
    expect(listed).toEqual(['docker.io/acme/app', 'ghcr.io/acme/app']);
  });

  it('one of which is called like the other with its host stay apart', () => {
    const { tags } = tagsOf([docker('a', 'docker.io/acme/app:v1'), docker('b', 'ghcr.io/docker.io/acme/app:v1')]);
    expect(tags['docker.io/acme/app']).toEqual({ v1: 'a' });
    expect(tags['ghcr.io/docker.io/acme/app']).toEqual({ v1: 'b' });
  });
});

describe('a registry that only its capitals tell from a repository', () => {
  it('is a registry, as docker reads it', () => {
    const { tags } = tagsOf([inRef('a', 'MYREG/app:latest'), docker('b', 'docker.io/library/alpine:latest')]);
    expect(tags).toEqual({
      app: { latest: 'a' },
      'myreg/app': { latest: 'a' },
      'library/alpine': { latest: 'b' },
      'docker.io/library/alpine': { latest: 'b' },
    });
  });

  it.each([
    ['myreg/app:v1', 'MYREG/app:v1', 'myreg/app', 'app'],
    ['localhost_5000/app:v1', 'localhost:5000/app:v1', 'localhost_5000/app', 'app'],
  ])('%s is an image of its own beside %s', (plain, hosted, path, short) => {
    expect(tagsOf([inRef('a', plain), inRef('b', hosted)]).tags).toEqual({ [path]: { v1: 'a' }, [short]: { v1: 'b' } });
  });
});

it('several names of one entry are names of several repositories', () => {
  const { tags, listed } = tagsOf([inRef('a', 'docker.io/acme/app:v1,docker.io/acme/tool:v2')]);
  expect(tags['acme/app']).toEqual({ v1: 'a' });
  expect(tags['acme/tool']).toEqual({ v2: 'a' });
  expect(listed).toEqual(['acme/app', 'acme/tool']);
});

describe('one name listed several times', () => {
  it('keeps its entries in the order of the file', () => {
    expect(tagsOf([inRef('b', 'x/y:v1'), inRef('a', 'x/y:v1')]).tags).toEqual({
      '': { v1: 'ba' },
      'x/y': { v1: 'ba' },
    });
  });

  it('a hundred thousand times is read in one walk', () => {
    const entries = Array.from({ length: 100_000 }, () => docker('a', 'docker.io/library/alpine:v1'));
    const { repositories } = nameTableOf(entries, 'own', defaultRules);
    expect(repositories.get('')?.values().next().value).toHaveLength(100_000);
  });

  it('is not given by what carries the name of its image (hauler, cosign)', () => {
    const signature = entry('b', {
      kind: 'dev.cosignproject.cosign/sigs',
      [imageName]: 'x.io/a:v1',
      [refName]: 'a:v1',
    });
    expect(tagsOf([docker('a', 'x.io/a:v1'), signature]).tags['']).toEqual({ v1: 'a' });
  });
});

describe('an image without a name', () => {
  it('is latest when it is the only one', () => {
    expect(tagsOf([entry('a')])).toEqual({ tags: { '': { latest: 'a' } }, listed: [''] });
  });

  it.each([
    ['another one', [entry('a'), entry('b')]],
    ['another one, listed twice', [entry('a'), entry('b'), entry('b')]],
    ['an entry of it that lost its name to us', [entry('a'), entry('a', { [created]: '2026-01-01T00:00:00Z' })]],
    ['a named one', [entry('a'), inRef('b', 'v1')]],
    ['a name that means nothing', [entry('a'), inRef('b', 'v1+x')]],
    ['a time of creation: it is ours, or lost its name to us', [entry('a', { [created]: '2026-01-01T00:00:00Z' })]],
  ])('is not, beside %s', (_, entries) => {
    expect(tagsOf(entries).tags['']?.latest).toBeUndefined();
  });

  it('is when it is listed twice, as crane pull leaves it', () => {
    expect(tagsOf([entry('a'), entry('a')])).toEqual({ tags: { '': { latest: 'a' } }, listed: [''] });
  });

  it('is, beside referrers, signatures and responses of it', () => {
    const others = [
      entry('b', { [containerdSubject]: digestOf('a') }),
      entry('c', { kind: 'dev.cosignproject.cosign/sigs', [refName]: 'a:v1' }),
      entry('d', { [refName]: `sha256-${'a'.repeat(64)}` }, mediaTypes.imageIndex),
    ];
    expect(tagsOf([entry('a'), ...others]).tags['']?.latest).toBe('a');
  });

  it('is not, beside an image that only is called like a response', () => {
    expect(tagsOf([entry('a'), inRef('d', `sha256-${'a'.repeat(64)}`)]).tags['']?.latest).toBeUndefined();
  });

  it('is not where the operator says so', () => {
    expect(tagsOf([entry('a')], 'own', { unnamed: 'hidden' }).tags).toEqual({});
  });
});
