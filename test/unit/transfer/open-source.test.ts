// From what a person wrote to an open source and the repository in it.

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type OpenOptions, openImage, openSource, shortList } from '../../../src/transfer/open-source.ts';
import { SourceError } from '../../../src/transfer/source-error.ts';
import { WrongReferenceError } from '../../../src/transfer/source-reference.ts';
import { imageManifest } from '../../support/content.ts';
import { writeLayout } from '../../support/fixture-layouts.ts';
import { pushImage } from '../../support/pushes.ts';
import { directoryRegistry } from '../../support/registry-under-test.ts';
import { defaultRules } from '../../support/rules.ts';
import { silentLog } from '../../support/silent-log.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const digest = 'sha256:d41a8bedca7607ebf8317f657342d13f374c18df27845f704fc9b3d11880da7b';

/** A root with two repositories, a layout with two full names, an archive, and a cache that is thrown away. */
async function machine(): Promise<{ readonly at: (path: string) => string; readonly options: OpenOptions }> {
  const directory = await temporaryDirectory();
  const at = (path: string) => join(directory, path);
  for (const [path, fixture] of [
    ['registry/team/app', 'recorded/oras/tagged'],
    ['registry/team/other', 'recorded/oras/multiarch'],
    ['names', 'generated/skopeo/fullname'],
    ['Images', 'recorded/oras/tagged'],
  ] as const) {
    mkdirSync(at(path), { recursive: true });
    writeLayout(at(path), fixture);
  }
  execFileSync('tar', ['-cf', at('images.tar'), '-C', at('Images'), '.']);
  const options: OpenOptions = {
    root: at('registry'),
    plainHttp: false,
    environment: { HOME: directory, XDG_CACHE_HOME: at('cache') },
    userAgent: 'test',
    isRootGiven: false,
    rules: defaultRules,
    log: silentLog,
  };
  return { at, options };
}

async function open(how: typeof openSource, text: string, options: OpenOptions) {
  const { source, repository, reference } = await how(text, options);
  onTestFinished(() => source.close());
  const shown = reference === undefined ? undefined : reference.kind === 'tag' ? reference.tag : reference.digest;
  return { source, found: [repository, shown] };
}

describe('openSource', () => {
  it.each([
    ['registry', undefined, undefined],
    ['registry/team/app', 'app', undefined],
    ['registry/team/app:v1', 'app', 'v1'],
    ['Images:v1', 'images', 'v1'],
    ['images.tar', 'images', undefined],
    [`images.tar@${digest}`, 'images', digest],
    ['names', undefined, undefined],
    ['names/alpine:3.20', 'names/library/alpine', '3.20'],
    ['names/library/alpine', 'names/library/alpine', undefined],
    ['names/docker.io/library/alpine:3.20', 'names/library/alpine', '3.20'],
  ])('the path %s is %s:%s', async (path, repository, reference) => {
    const { at, options } = await machine();
    expect((await open(openSource, at(path), options)).found).toEqual([repository, reference]);
  });

  it('a name is looked for below the root', async () => {
    const { options, at } = await machine();
    const { source, found } = await open(openSource, 'team/app:v1', options);
    expect(found).toEqual(['team/app', 'v1']);
    expect(await source.repositories()).toEqual(['team/app', 'team/other']);
    expect(source.description).toBe(at('registry'));
  });

  it('a host is asked over HTTPS unless it is told otherwise, or is this machine', async () => {
    const { options } = await machine();
    const description = async (text: string, plainHttp = false) =>
      (await open(openSource, text, { ...options, plainHttp })).source.description;
    expect(await description('registry.invalid/app')).toBe('https://registry.invalid');
    expect(await description('registry.invalid/app', true)).toBe('http://registry.invalid');
    expect(await description('https://registry.invalid/app', true)).toBe('https://registry.invalid');
    expect(await description('localhost:5000/app')).toBe('http://localhost:5000');
  });

  it('says what is not there, and where it looked', async () => {
    const { at, options } = await machine();
    await expect(openSource(at('none:v1'), options)).rejects.toThrow(SourceError);
    await expect(openSource(at('none:v1'), options)).rejects.toThrow(`at ${at('none')}`);
    await expect(openSource('team/app', { ...options, root: at('none') })).rejects.toThrow('does not exist');
    await expect(openSource(at('names/none:v1'), options)).rejects.toThrow(
      `no repository "none" in ${at('names')}; its repositories: names/library/alpine, names/rancher/local-path-provisioner`,
    );
  });
});

describe('openImage', () => {
  it('takes the only image where no tag is written', async () => {
    const { at, options } = await machine();
    expect((await open(openImage, at('registry/team/app'), options)).found).toEqual(['app', 'v1']);
    expect((await open(openImage, at('images.tar'), options)).found).toEqual(['images', 'v1']);
    expect((await open(openImage, at('names/library/alpine'), options)).found).toEqual([
      'names/library/alpine',
      '3.20',
    ]);
  });

  it('takes latest where there are several, else says what there is', async () => {
    const { at, options } = await machine();
    const { repository } = await directoryRegistry({ root: at('registry') });
    for (const tag of ['v1', 'v2', 'latest']) {
      await pushImage(await repository('many/tags'), imageManifest({ annotations: { tag } }), tag);
      await pushImage(await repository('no/latest'), imageManifest({ annotations: { tag } }), `${tag}-a`);
    }
    expect((await open(openImage, 'many/tags', options)).found).toEqual(['many/tags', 'latest']);
    const ambiguous = open(openImage, 'no/latest', options);
    await expect(ambiguous).rejects.toThrow(SourceError);
    await expect(ambiguous).rejects.toThrow('write one of its tags: latest-a, v1-a, v2-a');
  });

  it('needs no name where one repository alone has the tag', async () => {
    const { at, options } = await machine();
    expect((await open(openImage, `${at('names')}:v0.0.20`, options)).found).toEqual([
      'names/rancher/local-path-provisioner',
      'v0.0.20',
    ]);
  });

  it('refuses what names several images', async () => {
    const { at, options } = await machine();
    await expect(openImage(`${at('registry')}:v1`, options)).rejects.toThrow(WrongReferenceError);
    await expect(openImage(`${at('registry')}:v1`, options)).rejects.toThrow('its repositories: team/app, team/other');
    await expect(openImage(at('names'), options)).rejects.toThrow('names no image');
  });
});

describe('shortList', () => {
  it('stays within a line', () => {
    expect(shortList([])).toBe('none');
    expect(shortList(['a', 'b'])).toBe('a, b');
    expect(shortList(Array.from({ length: 11 }, (_, at) => `${at}`))).toBe('0, 1, 2, 3, 4, 5, 6, 7 and 3 more');
  });
});
