// What lies at a PATH.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pathKindIfAny, pathKindOf } from '../../../src/mounts/path-kind.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

it.each([
  ['layout', ['index.json']],
  ['layout', ['index.json', 'oci-layout', 'blobs/']],
  ['layout', ['oci-layout', 'blobs/']],
  ['layout', ['index.json', 'team/']],
  ['root', []],
  ['root', ['oci-layout']],
  ['root', ['blobs/']],
  ['root', ['index.json/']],
  ['root', ['team/', '.moorage/']],
] as const)('a %s: %j', async (kind, names) => {
  const directory = await temporaryDirectory();
  for (const name of names) {
    if (name.endsWith('/')) mkdirSync(join(directory, name));
    else writeFileSync(join(directory, name), '');
  }
  expect(pathKindOf(directory)).toBe(kind);
});

it.each([
  ['root', '{"name":"site","main":"index.js"}'],
  ['root', '[]'],
  ['root', '"text"'],
  ['root', `[${'{"title":"page"},'.repeat(10_000)}{}]`],
  ['layout', '{"schemaVersion":2,"manif'],
  ['layout', '{"schemaVersion":2}'],
  ['layout', '{"manifests":null}'],
  ['layout', '{}'],
  ['layout', `{"manifests":[${'{},'.repeat(40_000)}{}]}`],
] as const)('a %s where index.json is %.40s', async (kind, content) => {
  const directory = await temporaryDirectory();
  writeFileSync(join(directory, 'index.json'), content);
  expect(pathKindOf(directory)).toBe(kind);
  expect(pathKindIfAny(directory)).toBe(kind);
});

it('an index.json that is a link makes no layout: what it leads to is not of this directory', async () => {
  const directory = await temporaryDirectory();
  writeFileSync(join(directory, 'elsewhere'), '{}');
  symlinkSync('elsewhere', join(directory, 'index.json'));
  expect(pathKindOf(directory)).toBe('root');
});

it('a file is an archive, whatever its name, and a device is nothing', async () => {
  const directory = await temporaryDirectory();
  writeFileSync(join(directory, 'image'), '');
  expect(pathKindOf(join(directory, 'image'))).toBe('archive');
  expect(pathKindOf('/dev/null')).toBeUndefined();
  expect(pathKindIfAny('/dev/null')).toBe('absent');
  expect(() => pathKindOf(join(directory, 'nothing'))).toThrow(/ENOENT/);
  expect(pathKindIfAny(join(directory, 'nothing'))).toBe('absent');
  expect(pathKindIfAny(join(directory, 'image', 'below'))).toBe('absent');
});
