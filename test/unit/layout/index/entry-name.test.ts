// What an entry is called, whichever tool wrote it (docs/layouts.md#what-an-entry-is-called).
import { describe, expect, it } from 'vitest';
import { entryNameOf, isNamedResponse, tagOf } from '../../../../src/layout/index/entry-name.ts';
import { annotationKeys } from '../../../../src/oci/annotations.ts';

const { refName, imageName, baseName, created, containerdSubject, olaregSubject, proposedSubject } = annotationKeys;
const digest = `sha256:${'a'.repeat(64)}`;
const responseTag = `sha256-${'a'.repeat(64)}`;
const image = (host: string | undefined, path: string, tag?: string) => ({ host, path, tag });

describe('a name in ref.name', () => {
  it.each([
    ['v1', { kind: 'tag', tag: 'v1' }],
    ['_a.b-C', { kind: 'tag', tag: '_a.b-C' }],
    ['docker.io/library/alpine:3.20', full(image('docker.io', 'library/alpine', '3.20'))],
    ['index.docker.io/library/alpine:3.20', full(image('docker.io', 'library/alpine', '3.20'))],
    ['localhost:5000/hello:v1', full(image('localhost:5000', 'hello', 'v1'))],
    ['localhost/hello:v1', full(image('localhost', 'hello', 'v1'))],
    ['localhost:5000/hello', full(image('localhost:5000', 'hello'))],
    ['acme/app:v1', full(image(undefined, 'acme/app', 'v1'))],
    ['acme/app', full(image(undefined, 'acme/app'))],
    ['app:v1', full(image(undefined, 'app', 'v1'))],
    [`ghcr.io/acme/app@${digest}`, full(image('ghcr.io', 'acme/app'), true)],
    [`ghcr.io/acme/app:v1@${digest}`, full(image('ghcr.io', 'acme/app', 'v1'), true)],
    [`app@${digest}`, full(image(undefined, 'app'), true)],
    ['MYREG/app:v1', full(image('MYREG', 'app', 'v1'))],
    ['GHCR.io/acme/app:v1', full(image('ghcr.io', 'acme/app', 'v1'))],
    ['Docker.IO/library/alpine:3', full(image('docker.io', 'library/alpine', '3'))],
    ['v1+build', { kind: 'unusable', text: 'v1+build' }],
    ['Acme/App:v1', { kind: 'unusable', text: 'Acme/App:v1' }],
    ['acme/app:v 1', { kind: 'unusable', text: 'acme/app:v 1' }],
    ['acme/blobs:v1', { kind: 'unusable', text: 'acme/blobs:v1' }],
    ['../../etc/passwd:v1', { kind: 'unusable', text: '../../etc/passwd:v1' }],
    ['', { kind: 'unusable', text: '' }],
    [digest, { kind: 'unusable', text: digest }],
  ])('%j', (text, name) => {
    expect(entryNameOf({ [refName]: text })).toEqual(name);
  });
});

describe('an image name', () => {
  it('wins over ref.name, which may say the tag alone', () => {
    expect(entryNameOf({ [imageName]: 'docker.io/library/alpine:3.20', [refName]: '3.20' })).toEqual({
      ...full(image('docker.io', 'library/alpine', '3.20')),
      bareTag: '3.20',
      style: 'image-name',
    });
  });

  it('may stand where engines do not look', () => {
    const name = { ...full(image('docker.io', 'acme/app', `${responseTag}.sig`)), style: 'image-name' };
    const annotations = { 'io.moorage.image.name': `docker.io/acme/app:${responseTag}.sig` };
    expect(entryNameOf(annotations)).toEqual(name);
    expect(entryNameOf({ ...annotations, [containerdSubject]: digest })).toEqual(name);
  });

  it('that no client can ask for leaves ref.name to say what it is', () => {
    expect(entryNameOf({ [imageName]: 'UPPER/Case:1', [refName]: 'v1' })).toEqual({ kind: 'tag', tag: 'v1' });
    expect(entryNameOf({ [imageName]: 'UPPER/Case:1' })).toEqual({ kind: 'unusable', text: 'UPPER/Case:1' });
  });
});

describe('several names in one annotation (BuildKit)', () => {
  const names = 'docker.io/acme/app:v1,ghcr.io/acme/app:v1';

  it.each([
    [refName, 'ref-name'],
    [imageName, 'image-name'],
    [baseName, 'base-name'],
  ])('%s: each is a name', (key, style) => {
    expect(entryNameOf({ [key]: names })).toEqual({
      ...full(image('docker.io', 'acme/app', 'v1')),
      others: [image('ghcr.io', 'acme/app', 'v1')],
      style,
    });
  });

  it('beside a tag, which says nothing that they do not', () => {
    expect(entryNameOf({ [imageName]: names, [refName]: 'v1' })).toMatchObject({ kind: 'full', bareTag: undefined });
  });

  it('those that no client can ask for are left out', () => {
    expect(entryNameOf({ [refName]: 'docker.io/acme/app:v1,,no name,docker.io/Upper:v1,b' })).toEqual(
      full(image('docker.io', 'acme/app', 'v1')),
    );
    expect(entryNameOf({ [refName]: 'v1,v2' })).toEqual({ kind: 'unusable', text: 'v1,v2' });
  });

  it('more than a hundred are no names: each would become an entry', () => {
    const many = Array.from({ length: 101 }, (_, n) => `acme/app:v${n}`);
    expect(entryNameOf({ [refName]: many.slice(1).join(',') })).toMatchObject({ kind: 'full' });
    expect(entryNameOf({ [refName]: many.join(',') })).toMatchObject({ kind: 'unusable' });
  });
});

describe('the name of the base image', () => {
  const zarf = 'docker.io/library/nginx:latest';

  it('is the name of the image where the entry says nothing else (zarf)', () => {
    expect(entryNameOf({ [baseName]: zarf })).toEqual({
      ...full(image('docker.io', 'library/nginx', 'latest')),
      style: 'base-name',
    });
  });

  it.each([
    [{ [refName]: 'v1' }, { kind: 'tag', tag: 'v1' }],
    [{ [created]: '2026-01-01T00:00:00Z' }, { kind: 'none' }],
    [{ 'org.opencontainers.image.base.digest': digest }, { kind: 'none' }],
    [{ [containerdSubject]: digest }, { kind: 'none' }],
  ])('beside %j it is what the image was built on', (annotations, name) => {
    expect(entryNameOf({ [baseName]: zarf, ...annotations })).toEqual(name);
  });
});

describe('what belongs to an image and carries its name', () => {
  it.each([
    'dev.cosignproject.cosign/sigs',
    'dev.cosignproject.cosign/atts',
    'dev.cosignproject.cosign/sboms',
    'dev.hauler/referrers/x',
  ])('kind %s', (kind) => {
    expect(entryNameOf({ kind, [refName]: 'alpine:3.20', [imageName]: 'docker.io/library/alpine:3.20' })).toEqual({
      kind: 'auxiliary',
    });
  });

  it('any other kind is an image', () => {
    expect(entryNameOf({ kind: 'dev.cosignproject.cosign/image', [refName]: 'v1' })).toEqual({
      kind: 'tag',
      tag: 'v1',
    });
  });

  it.each([containerdSubject, olaregSubject, proposedSubject])('%s without a name of its own', (key) => {
    expect(entryNameOf({ [key]: digest })).toEqual({ kind: 'none' });
    expect(entryNameOf({ [key]: digest, [imageName]: 'docker.io/library/alpine:3.20' })).toEqual({ kind: 'auxiliary' });
    expect(entryNameOf({ [key]: digest, [refName]: 'sbom' })).toEqual({ kind: 'tag', tag: 'sbom' });
  });
});

describe('the name of a response', () => {
  it.each([responseTag, `docker.io/library/alpine:${responseTag}`, `alpine:${responseTag}`])('%s', (text) => {
    const name = entryNameOf({ [refName]: text });
    expect(tagOf(name)).toBe(responseTag);
    expect(isNamedResponse(name)).toBe(true);
  });

  it.each(['v1', 'sha256-abc', `${responseTag}.sig`, undefined])('is not %s', (text) => {
    expect(isNamedResponse(entryNameOf(text === undefined ? {} : { [refName]: text }))).toBe(false);
  });
});

function full(named: object, hasDigest = false) {
  return { kind: 'full', image: named, others: [], bareTag: undefined, hasDigest, style: 'ref-name' };
}
