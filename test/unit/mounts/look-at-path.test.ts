// What lies at a PATH.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lookAtPath } from '../../../src/mounts/look-at-path.ts';
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
