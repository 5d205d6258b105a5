// What the REF, PATH and URL of a command mean, as a table.
import { describe, expect, it } from 'vitest';
import type { PathKind } from '../../../src/mounts/path-kind.ts';
import { parseSourceReference, WrongReferenceError } from '../../../src/transfer/source-reference.ts';

const digest = `sha256:${'a1'.repeat(32)}`;
const tag = (text: string) => ({ kind: 'tag', tag: text });
const byDigest = { kind: 'digest', digest };

const disk: Readonly<Record<string, PathKind>> = {
  registry: 'root',
  'registry/team': 'root',
  'registry/team/app': 'layout',
  './registry': 'root',
  './registry/team/app': 'layout',
  '.': 'root',
  './': 'root',
  './images': 'layout',
  'images.tar': 'archive',
  '/srv': 'root',
  '/srv/my images': 'layout',
  '/srv/a:b': 'layout',
  '/srv/a': 'layout',
  '../up.tar.gz': 'archive',
  '/home/me/backup': 'layout',
  'ghcr.io': 'root',
  'example.com/team': 'layout',
  './usb': 'root',
  './usb/site': 'root',
  usb: 'root',
  elsewhere: 'layout',
};

function parse(text: string, home: string | undefined = '/home/me', isRootGiven = false) {
  return parseSourceReference(text, {
    lookAt: (path) => disk[path] ?? 'absent',
    archiveNamed: (directory, name) =>
      directory === './usb' && name.startsWith('app')
        ? { path: './usb/app.tar', within: name.slice(4) || undefined }
        : undefined,
    home,
    isInRoot: isRootGiven ? (directory) => directory !== 'elsewhere' : undefined,
  });
}

function remote(host: string, name?: string, reference?: object, scheme?: string) {
  return { kind: 'remote', host, scheme, name, reference };
}

function path(where: string, reference?: object, within?: string) {
  return { kind: 'path', path: where, within, reference };
}

function root(name: string, reference?: object) {
  return { kind: 'root', name, reference };
}

describe('a reference to a registry', () => {
  it.each([
    ['localhost:5000/app', remote('localhost:5000', 'app')],
    ['localhost:5000/team/app:v1', remote('localhost:5000', 'team/app', tag('v1'))],
    ['localhost/app:v1', remote('localhost', 'app', tag('v1'))],
    [`ghcr.io/team/app@${digest}`, remote('ghcr.io', 'team/app', byDigest)],
    [`ghcr.io/team/app:v1@${digest}`, remote('ghcr.io', 'team/app', byDigest)],
    ['registry:5000/app:v1', remote('registry:5000', 'app', tag('v1'))],
    ['[::1]:5000/app:v1', remote('[::1]:5000', 'app', tag('v1'))],
    ['docker.io/alpine:3', remote('docker.io', 'library/alpine', tag('3'))],
    ['docker.io/me/alpine:3', remote('docker.io', 'me/alpine', tag('3'))],
    ['http://registry/app:v1', remote('registry', 'app', tag('v1'), 'http')],
    ['HTTPS://localhost:5000/app', remote('localhost:5000', 'app', undefined, 'https')],
    ['ghcr.io/team/app.tar:v1', remote('ghcr.io', 'team/app.tar', tag('v1'))],
    ['http://localhost:5000', remote('localhost:5000', undefined, undefined, 'http')],
    ['http://localhost:5000/', remote('localhost:5000', undefined, undefined, 'http')],
    ['localhost:5000', remote('localhost:5000')],
    ['localhost', remote('localhost')],
    ['registry.example.com', remote('registry.example.com')],
    ['10.0.0.1:5000', remote('10.0.0.1:5000')],
    ['[::1]:5000', remote('[::1]:5000')],
    ['localhost:5000/', remote('localhost:5000')],
    // A scheme overrules what lies on disk.
    ['https://example.com/team', remote('example.com', 'team', undefined, 'https')],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });
});

describe('a name of skopeo and podman', () => {
  it.each([
    ['docker://localhost:5000/app:v1', remote('localhost:5000', 'app', tag('v1'))],
    ['docker://ghcr.io/team/app', remote('ghcr.io', 'team/app')],
    ['docker://alpine:3.20', remote('docker.io', 'library/alpine', tag('3.20'))],
    ['docker://me/app', remote('docker.io', 'me/app')],
    // What it says overrules what lies on disk.
    ['docker://example.com/team', remote('example.com', 'team')],
    ['oci:./images', path('./images')],
    ['oci:./images:v1', path('./images', tag('v1'))],
    ['oci:/srv/my images:v1', path('/srv/my images', tag('v1'))],
    [`oci:./images@${digest}`, path('./images', byDigest)],
    ['oci:./images:docker.io/library/alpine:3', path('./images', tag('3'), 'docker.io/library/alpine')],
    ['oci:~/backup', path('/home/me/backup')],
    ['oci:./missing:v1', path('./missing', tag('v1'))],
    ['oci-archive:images.tar:v1', path('images.tar', tag('v1'))],
    ['docker-archive:images.tar', path('images.tar')],
    ['docker-archive:images.tar:alpine:3', path('images.tar', tag('3'), 'alpine')],
    ['docker-archive:missing.tar', path('missing.tar')],
    // A repository of that name, unless there is such a path.
    ['oci:v1', root('oci', tag('v1'))],
    ['oci:registry', path('registry')],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  it.each(['docker-daemon:alpine:3', 'containers-storage:alpine'])('%s is in an engine', (text) => {
    expect(() => parse(text)).toThrow('is in an engine: export it there');
  });

  it.each(['docker://', 'docker:///app', 'docker://Team/App'])('%s is none', (text) => {
    expect(() => parse(text)).toThrow(WrongReferenceError);
  });
});

describe('a path', () => {
  it.each([
    ['./images', path('./images')],
    ['./images:v1', path('./images', tag('v1'))],
    [`./images@${digest}`, path('./images', byDigest)],
    ['./images@sha256:0123456789ab', path('./images', { kind: 'short-digest', text: 'sha256:0123456789ab' })],
    ['./images:v1@0123', path('./images', { kind: 'short-digest', text: '0123' })],
    [`./images:v1@${digest}`, path('./images', byDigest)],
    ['/srv/my images:v1', path('/srv/my images', tag('v1'))],
    ['/srv/a:b', path('/srv/a:b')],
    ['/srv/a:c', path('/srv/a', tag('c'))],
    ['/srv/a:b:v1', path('/srv/a:b', tag('v1'))],
    ['../up.tar.gz:latest', path('../up.tar.gz', tag('latest'))],
    ['~/backup:v1', path('/home/me/backup', tag('v1'))],
    ['.', path('.')],
    ['./', path('./')],
    // The longest leading part that is a layout or an archive; the rest names a repository within.
    ['./registry/team/app:v1', path('./registry/team/app', tag('v1'))],
    ['./images/acme/app:v1', path('./images', tag('v1'), 'acme/app')],
    ['images.tar/acme/app:v1', path('images.tar', tag('v1'), 'acme/app')],
    // A root has no repository that is no directory.
    ['./registry/team/other:v1', path('./registry/team/other', tag('v1'))],
    ['./none:v1', path('./none', tag('v1'))],
    ['/none/at/all', path('/none/at/all')],
    // No host: a file that is not there.
    ['none.tar', path('none.tar')],
    ['none.tar.gz:v1', path('none.tar.gz', tag('v1'))],
    [`none.tgz@${digest}`, path('none.tgz', byDigest)],
    // Bare, because it exists.
    ['registry', path('registry')],
    ['registry/team/app:v1', path('registry/team/app', tag('v1'))],
    ['images.tar:v1', path('images.tar', tag('v1'))],
    ['example.com/team:v1', path('example.com/team', tag('v1'))],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  it('keeps its ~ where nobody is at home, and that of another user', () => {
    expect(
      parseSourceReference('~/x', {
        ...{ lookAt: () => 'absent', archiveNamed: () => undefined, home: undefined },
        isInRoot: undefined,
      }),
    ).toEqual(path('~/x'));
    expect(parse('~other/x')).toEqual(path('~other/x'));
  });
});

it('an archive in a directory is a repository of it, when the directory is written as a path', () => {
  expect(parse('./usb/app:v1')).toMatchObject({ kind: 'path', path: './usb/app.tar', within: undefined });
  expect(parse('./usb/app/one:v1')).toMatchObject({ kind: 'path', path: './usb/app.tar', within: 'one' });
  expect(parse('./usb/site/app:v1')).toMatchObject({ kind: 'path', path: './usb/site/app', within: undefined });
  expect(parse('usb/app:v1')).toMatchObject({ kind: 'root', name: 'usb/app' });
});

describe('a name below --root', () => {
  it.each([
    ['app', root('app')],
    ['app:v1', root('app', tag('v1'))],
    ['app:5000', root('app', tag('5000'))],
    ['team/app:v1', root('team/app', tag('v1'))],
    [`team/app@${digest}`, root('team/app', byDigest)],
    // A directory of that name that holds no layout is no reason to look there.
    ['registry/none/at/all:v1', root('registry/none/at/all', tag('v1'))],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });
});

describe('where --root is written', () => {
  it.each([
    ['registry', root('registry')],
    ['registry/team/app:v1', root('registry/team/app', tag('v1'))],
    ['usb', root('usb')],
    // What the root has not, and the working directory has.
    ['elsewhere:v1', path('elsewhere', tag('v1'))],
    // Files, hosts, and what can be nothing else.
    ['images.tar', path('images.tar')],
    ['images.tar:v1', path('images.tar', tag('v1'))],
    ['ghcr.io', path('ghcr.io')],
    ['./images:v1', path('./images', tag('v1'))],
    ['/srv/a:c', path('/srv/a', tag('c'))],
    ['localhost:5000/app', remote('localhost:5000', 'app')],
  ])('%s', (text, expected) => {
    expect(parse(text, undefined, true)).toEqual(expected);
  });
});

describe('what means nothing', () => {
  it.each([
    ['', 'is empty'],
    ['App:v1', 'is not a repository name'],
    ['app:', 'neither a tag'],
    ['app:-x', 'neither a tag'],
    ['app@sha256:123', 'neither a tag'],
    ['./none@sha256:123', 'neither a tag'],
    ['http://', 'names no registry'],
    ['http://a b/c', 'names no registry'],
    ['-x.y/app', 'names no registry'],
    ['localhost:5000/Team/App', 'is not a repository name'],
    ['localhost:5000/app:v1:v2', 'is not a repository name'],
    ['host:port/app', 'names no registry'],
  ])('%j', (text, message) => {
    expect(() => parse(text)).toThrow(WrongReferenceError);
    expect(() => parse(text)).toThrow(message);
  });
});
