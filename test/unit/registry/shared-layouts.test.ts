// Several repositories in one layout: docker save of two images, a linuxkit cache. What is pushed keeps the style of the file, and
// no repository is hurt by what happens to another.
import { readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { annotationKeys } from '../../../src/oci/annotations.ts';
import { imageManifest, referrerOf } from '../../support/content.ts';
import { writeLayout } from '../../support/fixture-layouts.ts';
import {
  codeOf,
  digestAt,
  pushBlob,
  pushImage,
  pushManifest,
  referrersIn,
  refusalOf,
  tagsOf,
} from '../../support/pushes.ts';
import { directoryRegistry } from '../../support/registry-under-test.ts';

const { refName, imageName, created } = annotationKeys;
const A = 'sha256:d41a8bedca7607ebf8317f657342d13f374c18df27845f704fc9b3d11880da7b';
const B = 'sha256:88c7a45f74200b1cf6330611a4568ab946291400e03e2810dafd14b484d2084a';
const image = imageManifest({ annotations: { n: 'pushed' } });

interface Entry {
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The fixture as the layout `shelf` of a root. */
async function shelf(fixture: string) {
  const opened = await directoryRegistry();
  const directory = join(opened.root, 'shelf');
  writeLayout(directory, fixture);
  const index = join(directory, 'index.json');
  const entries = (): readonly Entry[] => JSON.parse(readFileSync(index, 'utf8')).manifests;
  const named = (digest: string) =>
    entries()
      .filter((entry) => entry.digest === digest)
      .map(({ annotations = {} }) => [annotations[imageName], annotations[refName]]);
  return { ...opened, directory, index, entries, named };
}

describe('two images of one docker save', () => {
  it('have the same tag, each its own: a push moves one of them', async () => {
    const { repository, named, entries } = await shelf('generated/containerd/fullname');
    await pushImage(repository('shelf/acme/app'), image, '3.20');
    expect(await digestAt(repository('shelf/acme/app'), '3.20')).toBe(image.digest);
    expect(await digestAt(repository('shelf/ghcr.io/acme/app'), '3.20')).toBe(image.digest);
    expect(await digestAt(repository('shelf/library/alpine'), '3.20')).toBe(A);
    expect(named(image.digest)).toEqual([['ghcr.io/acme/app:3.20', '3.20']]);
    expect(entries().filter(({ annotations }) => annotations?.[imageName] === 'ghcr.io/acme/app:3.20')).toHaveLength(1);
    expect(await digestAt(repository('shelf/acme/app'), B)).toBe(B);
  });

  it('lose one tag and not the other', async () => {
    const { repository } = await shelf('generated/containerd/fullname');
    await repository('shelf/acme/app').manifests.delete({ kind: 'tag', tag: '3.20' as never });
    expect(await digestAt(repository('shelf/library/alpine'), '3.20')).toBe(A);
    expect(await digestAt(repository('shelf/acme/app'), '3.20')).toBeUndefined();
  });

  it('and a third one, named after the registry that most are from, or the one that the path says', async () => {
    const { repository, registry, named } = await shelf('generated/containerd/fullname');
    await pushImage(repository('shelf/acme/new'), image, 'v1');
    expect(named(image.digest)).toEqual([['docker.io/acme/new:v1', 'v1']]);
    const other = imageManifest({ annotations: { n: 'other' } });
    await pushImage(repository('shelf/quay.io/acme/other'), other, 'v1');
    expect(named(other.digest)).toEqual([['quay.io/acme/other:v1', 'v1']]);
    expect((await registry.catalog({})).items).toEqual([
      ...['shelf/acme/app', 'shelf/acme/new', 'shelf/acme/other', 'shelf/library/alpine'],
    ]);
  });

  it('beside an image of the layout itself, with a bare tag', async () => {
    const { repository, registry, named } = await shelf('generated/containerd/fullname');
    await pushImage(repository('shelf'), image, 'v1');
    expect(named(image.digest)).toEqual([[undefined, 'v1']]);
    expect(await tagsOf(repository('shelf'))).toEqual(['v1']);
    expect((await registry.catalog({})).items).toEqual(['shelf', 'shelf/acme/app', 'shelf/library/alpine']);
  });

  it('keep their names when one gets a referrer, which is listed in each repository that has the subject', async () => {
    const { repository, registry, named } = await shelf('generated/containerd/fullname');
    const sbom = referrerOf(A as never, 'application/vnd.example.sbom');
    await pushBlob(repository('shelf/library/alpine'), sbom.config);
    await pushManifest(repository('shelf/library/alpine'), sbom.digest, sbom);
    expect(await referrersIn(repository('shelf/docker.io/library/alpine'), A as never)).toEqual([sbom.digest]);
    expect((await registry.catalog({})).items).toEqual(['shelf/acme/app', 'shelf/library/alpine']);
    await pushImage(repository('shelf/library/alpine'), image, 'v2');
    expect(named(image.digest)).toEqual([['docker.io/library/alpine:v2', 'v2']]);
  });
});

describe('one image with a full name', () => {
  it('keeps its style also after it got a referrer', async () => {
    const { repository, named } = await shelf('generated/containerd/tagged');
    const sbom = referrerOf(A as never, 'application/vnd.example.sbom');
    await pushBlob(repository('shelf'), sbom.config);
    await pushManifest(repository('shelf'), sbom.digest, sbom);
    await pushImage(repository('shelf'), image, 'v2');
    expect(named(image.digest)).toEqual([['docker.io/library/alpine:v2', 'v2']]);
    expect(await tagsOf(repository('shelf'))).toEqual(['3.20', 'v2']);
  });
});

describe('a cache of linuxkit', () => {
  it('gets full names in ref.name', async () => {
    const { repository, named } = await shelf('generated/linuxkit/cache');
    await pushImage(repository('shelf/linuxkit/init'), image, 'v2');
    await pushImage(repository('shelf/library/alpine'), image, 'v2');
    expect(
      named(image.digest)
        .map(([, name]) => name)
        .sort(),
    ).toEqual(['docker.io/library/alpine:v2', expect.stringMatching(/linuxkit\/init:v2$/)]);
  });
});

describe('a delete by digest', () => {
  it('is refused for what another repository names, or an index there holds', async () => {
    const { repository } = await shelf('generated/linuxkit/cache');
    for (const digest of [A, B]) {
      expect(
        await codeOf(repository('shelf/linuxkit/init').manifests.delete({ kind: 'digest', digest: digest as never })),
      ).toBe('UNSUPPORTED');
    }
    expect(await digestAt(repository('shelf/library/alpine'), A)).toBe(A);
  });

  it('is refused for a referrer of what only another repository names, and done for a referrer of ours', async () => {
    const { repository } = await shelf('generated/containerd/fullname');
    const sbom = referrerOf(A as never, 'application/vnd.example.sbom');
    await pushBlob(repository('shelf/library/alpine'), sbom.config);
    await pushManifest(repository('shelf/library/alpine'), sbom.digest, sbom);
    const remove = (name: string) => repository(name).manifests.delete({ kind: 'digest', digest: sbom.digest });
    expect(await codeOf(remove('shelf/acme/app'))).toBe('UNSUPPORTED');
    await remove('shelf/library/alpine');
    expect(await referrersIn(repository('shelf/library/alpine'), A as never)).toEqual([]);
  });

  it('is done for a manifest of our own, also one that our name gives without a tag', async () => {
    const { repository } = await shelf('generated/zarf/fullname');
    await repository('shelf/acme/app').manifests.delete({ kind: 'digest', digest: B as never });
    expect(await digestAt(repository('shelf/library/alpine'), '3.20')).toBe(A);
  });

  it('of a blob is refused, since the image of another repository may need it', async () => {
    const { repository } = await shelf('generated/containerd/fullname');
    const [layer] = image.layers;
    await pushImage(repository('shelf/acme/app'), image, 'v1');
    const refusal = await refusalOf(repository('shelf/library/alpine').blobs.delete(layer?.digest as never));
    expect([refusal.code, refusal.status]).toEqual(['UNSUPPORTED', 405]);
  });
});

describe('another program that writes back an old copy', () => {
  it('takes a push from no repository, and mixes no two of them up', async () => {
    const { repository, index, named, clock } = await shelf('generated/containerd/fullname');
    const old = readFileSync(index);
    await pushImage(repository('shelf/acme/app'), image, '3.20');
    rewrite(index, old);
    clock.advance(10);
    await pushImage(repository('shelf/library/alpine'), imageManifest({ annotations: { n: 'more' } }), 'v2');
    expect(await digestAt(repository('shelf/acme/app'), '3.20')).toBe(image.digest);
    expect(await digestAt(repository('shelf/library/alpine'), '3.20')).toBe(A);
    expect(named(image.digest)).toEqual([['ghcr.io/acme/app:3.20', '3.20']]);
  });

  it('is judged by a journal that knew no image names, too', async () => {
    const { repository, root, index, entries, registry, another } = await shelf('generated/containerd/fullname');
    await pushImage(repository('shelf/acme/app'), image, '3.20');
    await registry.close();
    const journal = join(root, '.moorage/journal/shelf/.journal');
    // The fourth line of a key is the image name.
    const text = readFileSync(journal, 'utf8');
    const older = text.replaceAll(/((?:\\n[^"\\]*){1,3})\\n=[^"\\]*(?=")/g, (key, kept: string) =>
      key.split('\\n').length === 5 ? kept.replace(/(?:\\n)+$/, '') : key,
    );
    expect(older).not.toBe(text);
    writeFileSync(journal, older);
    const before = entries().length;
    const theirs = JSON.parse(readFileSync(index, 'utf8'));
    theirs.manifests.push({
      ...image.descriptor,
      annotations: { [refName]: 'theirs', [created]: '2026-01-01T00:00:00Z' },
    });
    rewrite(index, Buffer.from(JSON.stringify(theirs)));
    const next = await another();
    const more = imageManifest({ annotations: { n: 'more' } });
    await pushImage(next.repository('shelf/acme/app'), more, 'v9');
    expect(entries()).toHaveLength(before + 2);
    expect(await digestAt(next.repository('shelf/acme/app'), '3.20')).toBe(image.digest);
    expect(await digestAt(next.repository('shelf/library/alpine'), '3.20')).toBe(A);
  });
});

/** As a tool that renames does it. */
function rewrite(path: string, bytes: Uint8Array): void {
  writeFileSync(`${path}.tmp`, bytes);
  renameSync(`${path}.tmp`, path);
  const { mtime } = statSync(path);
  utimesSync(path, mtime, mtime);
}

it('two servers that push to three repositories of one layout lose nothing, and mix nothing up', async () => {
  const one = await shelf('generated/containerd/fullname');
  const other = await one.another();
  const names = ['shelf/acme/app', 'shelf/library/alpine', 'shelf/acme/new'];
  const pushes = Array.from({ length: 60 }, (_, at) => {
    const name = names[at % names.length] ?? '';
    const content = imageManifest({ annotations: { name, at: String(at) }, layers: 0 });
    return {
      name,
      tag: `v${Math.floor(at / names.length)}`,
      content,
      repository: (at % 2 === 0 ? one : other).repository(name),
    };
  });
  await Promise.all(pushes.map(({ repository, tag, content }) => pushManifest(repository, tag, content)));
  for (const { name, tag, content } of pushes) {
    for (const server of [one, other]) expect(await digestAt(server.repository(name), tag)).toBe(content.digest);
  }
  const deleted = pushes.filter((_, at) => at % 4 === 0);
  await Promise.all(
    deleted.map(({ repository, tag }) => repository.manifests.delete({ kind: 'tag', tag: tag as never })),
  );
  for (const push of pushes) {
    expect(await digestAt(one.repository(push.name), push.tag)).toBe(
      deleted.includes(push) ? undefined : push.content.digest,
    );
  }
  expect(await digestAt(other.repository('shelf/library/alpine'), '3.20')).toBe(A);
  const fullNames = one.entries().map(({ annotations }) => annotations?.[imageName]);
  expect(new Set(fullNames).size).toBe(fullNames.filter((name) => name !== undefined).length + 1);
});

it('a referrers response under a full name is one: hidden, read, and found by those who look for the tag', async () => {
  const { directory, repository, index } = await shelf('generated/linuxkit/cache');
  writeLayout(directory, 'generated/regclient/referrers');
  const { manifests } = JSON.parse(readFileSync(index, 'utf8')) as { manifests: Entry[] };
  const responseTag = A.replace(':', '-');
  const full = (name: string) => (entry: Entry) => ({ ...entry, annotations: { [refName]: name } });
  const response = manifests.filter(({ annotations }) => annotations?.[refName] === responseTag);
  const subject = manifests.filter(({ digest }) => digest === A);
  expect([response.length, subject.length]).toEqual([1, 1]);
  const entries = [
    ...subject.map(full('docker.io/acme/app:v1')),
    ...response.map(full(`docker.io/acme/app:${responseTag}`)),
    { ...image.descriptor, annotations: { [refName]: 'docker.io/acme/other:v1' } },
  ];
  rewrite(index, Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: entries })));
  expect(await tagsOf(repository('shelf/acme/app'))).toEqual(['v1']);
  expect(await referrersIn(repository('shelf/acme/app'), A as never)).toHaveLength(2);
  expect(await digestAt(repository('shelf/acme/app'), responseTag)).toBe(response[0]?.digest);
});
