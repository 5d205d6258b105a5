// What the TARGET of an export means, and what nothing can be written to.
import { expect, it } from 'vitest';
import type { PathKind } from '../../../src/mounts/path-kind.ts';
import { parseExportTarget } from '../../../src/transfer/export-target.ts';
import { WrongReferenceError } from '../../../src/transfer/source-reference.ts';

const onDisk: Readonly<Record<string, PathKind>> = {
  'out.d': 'root',
  'dir.zip': 'root',
  'layout.tar': 'layout',
  'old.tar.xz': 'archive',
  'registry.example/there': 'layout',
};

function parsed(text: string) {
  return parseExportTarget(text, {
    lookAt: (path) => onDisk[path] ?? 'absent',
    archiveNamed: () => undefined,
    home: '/home/me',
    isInRoot: undefined,
  });
}

it.each([
  ['app.tar', 'none'],
  ['some/where/app.tar.gz', 'gzip'],
  ['./app.tgz', 'gzip'],
  ['/tmp/app.tar.zst', 'zstd'],
  ['APP.TAR', 'none'],
  ['out.d/app.tar', 'none'],
])('%s is an archive (%s)', (path, compression) => {
  expect(parsed(path)).toEqual({ kind: 'archive', path, compression });
});

it.each(['app', './app', 'some/app', '/srv/app', '../app.v1', 'app.v1', 'out.d/app', 'layout.tar', 'dir.zip', '.'])(
  '%s is a directory',
  (path) => {
    expect(parsed(path)).toEqual({ kind: 'directory', path });
  },
);

it.each([
  ['localhost/team/app', { host: 'localhost', name: 'team/app', tag: undefined, scheme: undefined }],
  ['localhost:5000/app:v1', { host: 'localhost:5000', name: 'app', tag: 'v1', scheme: undefined }],
  ['registry.example/team/app', { host: 'registry.example', name: 'team/app', tag: undefined, scheme: undefined }],
  ['registry.example:5000/', { host: 'registry.example:5000', name: undefined, tag: undefined, scheme: undefined }],
  ['https://registry.example/app', { host: 'registry.example', name: 'app', tag: undefined, scheme: 'https' }],
  ['http://one/app', { host: 'one', name: 'app', tag: undefined, scheme: 'http' }],
  ['docker://localhost:5000/app:v1', { host: 'localhost:5000', name: 'app', tag: 'v1', scheme: undefined }],
  ['docker.io/app', { host: 'docker.io', name: 'library/app', tag: undefined, scheme: undefined }],
])('%s is a registry', (text, expected) => {
  expect(parsed(text)).toEqual({ kind: 'registry', ...expected });
});

it('what is on disk is a directory, also where it could be a registry', () => {
  expect(parsed('registry.example/there')).toEqual({ kind: 'directory', path: 'registry.example/there' });
});

it.each([
  'app.tar.xz',
  'app.txz',
  'app.tar.bz2',
  'app.tbz2',
  'app.tbz',
  'app.tar.lz4',
  'app.tzst',
  'app.zip',
  'app.7z',
  'app.gz',
  'app.ZIP',
  './some/app.tar.br',
  'old.tar.xz',
])('%s is no archive that is written here', (path) => {
  expect(() => parsed(path)).toThrow(WrongReferenceError);
  expect(() => parsed(path)).toThrow('archives that can be written end in .tar, .tar.gz, .tgz or .tar.zst');
});

it.each([
  ['localhost:5000/App', 'is not a repository name'],
  [`localhost:5000/app@sha256:${'0'.repeat(64)}`, 'has a tag or none'],
  ['http:///app', 'names no registry'],
  ['oci:./app:v1', 'write the path alone'],
  ['docker-archive:app.tar', '--profile docker is for docker load'],
])('%s cannot be pushed to', (text, why) => {
  expect(() => parsed(text)).toThrow(WrongReferenceError);
  expect(() => parsed(text)).toThrow(why);
});
