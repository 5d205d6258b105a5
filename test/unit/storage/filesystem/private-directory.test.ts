// Files that only we may read: made whole and with their mode, never taken from somebody else.
import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PrivateDirectory } from '../../../../src/storage/filesystem/private-directory.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

async function keys(): Promise<PrivateDirectory> {
  return new PrivateDirectory(join(await temporaryDirectory(), 'keys'));
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

describe('a private directory', () => {
  it('is made with its first file, both for us alone, whatever the umask', async () => {
    const directory = await keys();
    expect([directory.names(), directory.read('one')]).toEqual([[], undefined]);
    const umask = process.umask(0);
    try {
      expect(await directory.create('one', 'secret')).toBe(true);
    } finally {
      process.umask(umask);
    }
    expect([modeOf(directory.path), modeOf(join(directory.path, 'one'))]).toEqual([0o700, 0o600]);
    expect([directory.names(), directory.read('one')]).toEqual([['one'], 'secret']);
    expect(readdirSync(directory.path)).toEqual(['one']);
  });

  it('lets the first of several have a name', async () => {
    const directory = await keys();
    const made = await Promise.all(['a', 'b', 'c', 'd'].map((text) => directory.create('one', text)));
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(directory.read('one')).toBe(['a', 'b', 'c', 'd'][made.indexOf(true)]);
    expect(readdirSync(directory.path)).toEqual(['one']);
  });

  it('forgets a file that is removed, also twice', async () => {
    const directory = await keys();
    await directory.create('one', 'a');
    await directory.remove('one');
    await directory.remove('one');
    expect(directory.names()).toEqual([]);
  });

  it.each([0o640, 0o604, 0o602, 0o660, 0o777])('takes nothing from a file of mode %o', async (mode) => {
    const directory = await keys();
    await directory.create('one', 'secret');
    chmodSync(join(directory.path, 'one'), mode);
    expect(() => directory.read('one')).toThrow(/one can be read or written by others \(mode 0\d+\): delete it/);
    expect(() => directory.read('one')).not.toThrow('secret');
  });

  it('follows no link, and takes no directory or large file for one of ours', async () => {
    const directory = await keys();
    await directory.create('one', 'secret');
    symlinkSync('one', join(directory.path, 'link'));
    mkdirSync(join(directory.path, 'folder'));
    writeFileSync(join(directory.path, 'large'), Buffer.alloc(20_000), { mode: 0o600 });
    expect(() => directory.read('link')).toThrow('is a symbolic link');
    expect(() => directory.read('folder')).toThrow('is not a regular file');
    expect(() => directory.read('large')).toThrow('too large');
  });

  it('is never a link itself, and nothing is made where its parent is gone', async () => {
    const elsewhere = await temporaryDirectory();
    const parent = await temporaryDirectory();
    symlinkSync(elsewhere, join(parent, 'keys'));
    const linked = new PrivateDirectory(join(parent, 'keys'));
    expect(() => linked.names()).toThrow('is not a directory');
    await expect(linked.create('one', 'secret')).rejects.toThrow('is not a directory');
    expect(readdirSync(elsewhere)).toEqual([]);
    const orphan = new PrivateDirectory(join(parent, 'gone/keys'));
    await expect(orphan.create('one', 'secret')).rejects.toThrow('ENOENT');
    expect(readdirSync(parent)).toEqual(['keys']);
  });
});
