// Which images REFs of an export mean, and the full names that engines will know them by.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { exportRequests, type NamingOptions } from '../../../src/cli/export-references.ts';
import { engineNameOf } from '../../../src/transfer/export-index.ts';
import type { ImageSource } from '../../../src/transfer/image-source.ts';
import { blobsOf, entryOf, writeStranger } from '../../hostile/stranger.ts';
import { imageManifest } from '../../support/content.ts';
import { writeLayout } from '../../support/fixture-layouts.ts';
import { pushImage } from '../../support/pushes.ts';
import { directoryRegistry } from '../../support/registry-under-test.ts';
import { defaultRules } from '../../support/rules.ts';
import { silentLog } from '../../support/silent-log.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const cosignTag = `sha256-${'0'.repeat(64)}.sig`;

/** `team/app` with three tags, `base` with one, `latest/app` with latest among them; and layouts of other tools. */
async function place() {
  const directory = await temporaryDirectory();
  const { repository } = await directoryRegistry({ root: join(directory, 'root') });
  const images: readonly (readonly [name: string, tags: readonly string[]])[] = [
    ['team/app', ['v1', 'v2', 'v3']],
    ['base', ['only']],
    ['signed', ['only', cosignTag]],
    ['latest/app', ['latest', 'v1']],
  ];
  for (const [name, tags] of images) {
    for (const tag of tags) await pushImage(await repository(name), imageManifest({ annotations: { name, tag } }), tag);
  }
  for (const [name, fixture] of [
    ['one', 'recorded/oras/tagged'],
    ['Saved', 'generated/linuxkit/cache'],
  ] as const) {
    mkdirSync(join(directory, name));
    writeLayout(join(directory, name), fixture);
  }
  return directory;
}

async function namesOf(directory: string, references: readonly string[], naming: Partial<NamingOptions> = {}) {
  const opened: ImageSource[] = [];
  onTestFinished(async () => void (await Promise.all(opened.map((source) => source.close()))));
  const options = {
    root: join(directory, 'root'),
    plainHttp: false,
    environment: { XDG_CACHE_HOME: join(directory, 'cache') },
    userAgent: 'test',
    isRootGiven: false,
    rules: defaultRules,
    log: silentLog,
    allTags: false,
    referrers: undefined,
    name: undefined,
    ...naming,
  };
  const written = references.map((each) => each.replace('DIR', directory));
  const requests = await exportRequests(written, options, opened);
  return requests.map(({ fullName, tag, reference }) =>
    engineNameOf({ fullName, tag, digest: reference.kind === 'digest' ? reference.digest : ('' as never) }),
  );
}

it.each([
  [['team/app:v2'], ['docker.io/team/app:v2']],
  [['base'], ['docker.io/library/base:only']],
  [['signed'], ['docker.io/library/signed:only']],
  [['latest/app'], ['docker.io/latest/app:latest']],
  [
    ['team/app:v1', 'base:only'],
    ['docker.io/team/app:v1', 'docker.io/library/base:only'],
  ],
  [['DIR/one:v1'], ['docker.io/library/one:v1']],
] as const)('%j are %j', async (references, names) => {
  expect(await namesOf(await place(), references)).toEqual(names);
});

it('with --all-tags every tag is meant, of every repository where none is named', async () => {
  const directory = await place();
  const all = { allTags: true };
  expect(await namesOf(directory, ['team/app'], all)).toEqual(
    ['v1', 'v2', 'v3'].map((tag) => `docker.io/team/app:${tag}`),
  );
  expect(await namesOf(directory, ['DIR/root'], all)).toHaveLength(8);
  expect(await namesOf(directory, ['signed'], all)).toHaveLength(2);
  expect(await namesOf(directory, ['signed'], { ...all, referrers: false })).toEqual(['docker.io/library/signed:only']);
  expect(await namesOf(directory, ['team/app:v1'], all)).toEqual(['docker.io/team/app:v1']);
});

it('with --all-tags images without a tag are meant as well, after those with one', async () => {
  const directory = await place();
  const [one, two] = [imageManifest({ annotations: { n: '1' } }), imageManifest({ annotations: { n: '2' } })];
  const images = [one, two].flatMap((each) => blobsOf(each));
  writeStranger(join(directory, 'ko'), { entries: [entryOf(one), entryOf(two)], blobs: images });
  writeStranger(join(directory, 'mixed'), { entries: [entryOf(one), entryOf(two, 'v1')], blobs: images });
  const all = { allTags: true };
  expect(await namesOf(directory, ['DIR/ko'], all)).toEqual(
    [one, two].map(({ digest }) => `docker.io/library/ko@${digest}`),
  );
  expect(await namesOf(directory, ['DIR/mixed'], all)).toEqual([
    'docker.io/library/mixed:v1',
    `docker.io/library/mixed@${one.digest}`,
  ]);
});

it('images of a layout of several repositories keep the names that they were saved with', async () => {
  const names = await namesOf(await place(), ['DIR/Saved'], { allTags: true });
  expect(names).toEqual(['docker.io/library/alpine:3.20', 'docker.io/linuxkit/init:abc']);
});

it('--name gives one image another name, and its tag when it has one', async () => {
  const directory = await place();
  expect(await namesOf(directory, ['base'], { name: 'registry.example.com/x/y' })).toEqual([
    'registry.example.com/x/y:only',
  ]);
  expect(await namesOf(directory, ['base'], { name: 'app:v9' })).toEqual(['docker.io/library/app:v9']);
  await expect(namesOf(directory, ['base', 'team/app:v1'], { name: 'app' })).rejects.toThrow('--name is for one image');
  await expect(namesOf(directory, ['base'], { name: 'no name' })).rejects.toThrow('no name that docker would accept');
});

it('says what there is instead of what is not there', async () => {
  const directory = await place();
  await expect(namesOf(directory, ['team/app'])).rejects.toThrow(
    'no tag "latest" of team/app; write one of its tags, or --all-tags: v1, v2, v3',
  );
  await expect(namesOf(directory, ['team/app:v9'])).rejects.toThrow('has no tag "v9"; its tags: v1, v2, v3');
  await expect(namesOf(directory, ['nowhere:v1'])).rejects.toThrow('has no repository "nowhere"');
  await expect(namesOf(directory, ['DIR/root'])).rejects.toThrow('has several repositories; name one of them');
});
