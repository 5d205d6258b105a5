// What lies at a PATH.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lookAtPath } from '../../../src/mounts/look-at-path.ts';
import { pathKind } from '../../../src/transfer/path-kind.ts';
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
  expect(await lookAtPath(directory)).toBe(kind);
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
  expect(await lookAtPath(directory)).toBe(kind);
  expect(pathKind(directory)).toBe(kind === 'root' ? 'directory' : 'layout');
});

it('an index.json that is a link makes no layout: what it leads to is not of this directory', async () => {
  const directory = await temporaryDirectory();
  writeFileSync(join(directory, 'elsewhere'), '{}');
  symlinkSync('elsewhere', join(directory, 'index.json'));
  expect(await lookAtPath(directory)).toBe('root');
});

it('a file is an archive, whatever its name, and a device is nothing', async () => {
  const directory = await temporaryDirectory();
  writeFileSync(join(directory, 'image'), '');
  expect(await lookAtPath(join(directory, 'image'))).toBe('archive');
  expect(await lookAtPath('/dev/null')).toBeUndefined();
  await expect(lookAtPath(join(directory, 'nothing'))).rejects.toThrow(/ENOENT/);
});
