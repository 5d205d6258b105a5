// Reading below the root: no symbolic link is followed, nothing but a regular file is an object, and a refusal is not an absence.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import type { ObjectStore } from '../../../../src/storage/object-store.ts';
import { bytesOf, key, textAt } from '../../../contract/store-under-test.ts';
import { failing, newDirectory, storeOnDisk, systemError } from './store-on-disk.ts';

/** Nothing to serve; whoever reads all of it, to write it later, is told that something is there. */
async function expectIrregular(store: ObjectStore, name: string): Promise<void> {
  await expect(store.read(key(name), 100)).rejects.toMatchObject({ failure: 'unsafe' });
  await expectNothingToServe(store, name);
}

async function expectAbsent(store: ObjectStore, name: string): Promise<void> {
  expect(await store.read(key(name), 100)).toBeUndefined();
  await expectNothingToServe(store, name);
}

async function expectNothingToServe(store: ObjectStore, name: string): Promise<void> {
  expect(await store.open(key(name))).toBeUndefined();
  expect(await store.makeDurable(key(name))).toBeUndefined();
  expect(await store.link(key(name), key('copy'))).toBe(false);
}

const systems = [
  { system: 'asking the kernel where a file is', replaced: {} },
  { system: 'looking at each directory (no /proc, injected)', replaced: { descriptorPathSync: () => undefined } },
];

describe.each(systems)('$system', ({ replaced }) => {
  test('a symbolic link to a file is absent, and said in the log', async () => {
    const { store, at, warnings } = await storeOnDisk(replaced);
    writeFileSync(at('real'), 'x');
    symlinkSync(at('real'), at('linked'));
    await expectIrregular(store, 'linked');
    expect(await store.stat(key('linked'))).toBeUndefined();
    expect(warnings).toContain('not a regular file below real directories: treated as absent');
  });

  test('what is below a symbolic link to a directory is absent', async () => {
    const { store, at } = await storeOnDisk(replaced);
    const outside = newDirectory();
    mkdirSync(`${outside}/sha256`);
    writeFileSync(`${outside}/sha256/aa`, 'secret');
    mkdirSync(at('team'));
    symlinkSync(outside, at('team/blobs'));
    await expectAbsent(store, 'team/blobs/sha256/aa');
    expect(await store.list(key('team/blobs'))).toEqual([]);
    expect(await store.list(key('team/blobs/sha256'))).toEqual([]);
    expect(await store.list(key('team'))).toEqual([]);
  });

  test('a dangling link, a link to itself and a name that is too long are absent', async () => {
    const { store, at } = await storeOnDisk(replaced);
    symlinkSync('nowhere', at('dangling'));
    symlinkSync('loop', at('loop'));
    for (const name of ['dangling', 'loop', 'loop/x', 'x'.repeat(300)]) {
      await (name === 'dangling' || name === 'loop' ? expectIrregular : expectAbsent)(store, name);
      expect(await store.stat(key(name))).toBeUndefined();
      expect(await store.list(key(name))).toEqual([]);
    }
  });

  test('an object deep below real directories is read', async () => {
    const { store, warnings } = await storeOnDisk(replaced);
    await store.write(key('team/app/blobs/sha256/aa'), bytesOf('x'));
    expect(await textAt(store, key('team/app/blobs/sha256/aa'))).toBe('x');
    expect(warnings).toEqual([]);
  });

  test('a root that is moved while it is open goes on to be read', async () => {
    const above = newDirectory();
    const link = `${newDirectory()}/root`;
    mkdirSync(`${above}/one`);
    symlinkSync(`${above}/one`, link);
    const { store } = await storeOnDisk(replaced, {}, link);
    await store.write(key('team/a'), bytesOf('x'));
    expect(await textAt(store, key('team/a'))).toBe('x');
    renameSync(`${above}/one`, `${above}/two`);
    unlinkSync(link);
    symlinkSync(`${above}/two`, link);
    expect(await textAt(store, key('team/a'))).toBe('x');
  });
});

test('a FIFO, a socket and a directory are no objects, and nobody waits for a writer', async () => {
  const { store, at } = await storeOnDisk();
  execFileSync('mkfifo', [at('fifo')]);
  const server = createServer().listen(at('socket'));
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  mkdirSync(at('directory'));
  for (const name of ['fifo', 'socket', 'directory']) {
    await expectIrregular(store, name);
    expect(await store.stat(key(name))).toBeUndefined();
    await expect(store.write(key(name), bytesOf('x'))).rejects.toMatchObject({ failure: 'unsafe' });
  }
  expect((await store.list(key(''))).map(({ name }) => name)).toEqual(['directory']);
});

test('the root itself may be a symbolic link', async () => {
  const real = newDirectory();
  const link = `${newDirectory()}/root`;
  symlinkSync(real, link);
  const { store } = await storeOnDisk({}, {}, link);
  await store.write(key('team/a'), bytesOf('x'));
  expect(await textAt(store, key('team/a'))).toBe('x');
  expect(readdirSync(`${real}/team`)).toEqual(['a']);
});

test('reading a blob looks at no directory where the kernel says where the file is', {
  skip: process.platform !== 'linux',
}, async () => {
  let looks = 0;
  const { store } = await storeOnDisk({
    lstatSync: (path) => {
      looks += 1;
      return systemCalls.lstatSync(path);
    },
  });
  await store.write(key('team/app/blobs/sha256/aa'), bytesOf('x'));
  looks = 0;
  await (await store.open(key('team/app/blobs/sha256/aa')))?.close();
  expect(looks).toBe(0);
});

test('what may not be read is `unavailable`, never absent: a wrong owner is no empty registry (injected)', async () => {
  const { store } = await storeOnDisk({
    openSync: failing(systemCalls.openSync, 'EACCES', (path) => path.endsWith('/index.json')),
    lstatSync: failing(systemCalls.lstatSync, 'EACCES', (path) => path.endsWith('/index.json')),
  });
  await expect(store.stat(key('index.json'))).rejects.toMatchObject({ failure: 'unavailable' });
  await expect(store.read(key('index.json'), 10)).rejects.toMatchObject({ failure: 'unavailable' });
  await expect(store.open(key('index.json'))).rejects.toMatchObject({ failure: 'unavailable' });
});

test('too many open files are `unavailable`, and no descriptor is lost on the way (injected)', async () => {
  const open = new Set<number>();
  let fail = false;
  const { store } = await storeOnDisk({
    openSync: (path, flags, mode) => {
      const descriptor = systemCalls.openSync(path, flags, mode);
      open.add(descriptor);
      return descriptor;
    },
    closeSync: (descriptor) => {
      open.delete(descriptor);
      systemCalls.closeSync(descriptor);
    },
    fstatSync: (descriptor) => {
      if (fail) throw Object.assign(new Error('EMFILE'), { code: 'EMFILE', syscall: 'fstat' });
      return systemCalls.fstatSync(descriptor);
    },
  });
  await store.write(key('a'), bytesOf('x'));
  fail = true;
  await expect(store.read(key('a'), 10)).rejects.toMatchObject({ failure: 'unavailable' });
  await expect(store.open(key('a'))).rejects.toMatchObject({ failure: 'unavailable' });
  await expect(store.write(key('b'), bytesOf('x'))).rejects.toMatchObject({ failure: 'unavailable' });
  await store.close();
  expect(open.size).toBe(0);
});

test('a directory that is removed right after it was opened is absent, and no descriptor is lost (injected)', async () => {
  const open = new Set<number>();
  let onOpen = (_path: string): void => {};
  const { store, at } = await storeOnDisk({
    openSync: (path, flags, mode) => {
      const descriptor = systemCalls.openSync(path, flags, mode);
      open.add(descriptor);
      onOpen(path);
      return descriptor;
    },
    closeSync: (descriptor) => {
      open.delete(descriptor);
      systemCalls.closeSync(descriptor);
    },
  });
  mkdirSync(at('team'));
  onOpen = (path) => {
    if (path.endsWith('/team')) rmSync(at('team'), { recursive: true });
  };
  expect(await store.delete(key('team/a'))).toBe(false);
  let removals = 0;
  onOpen = (path) => {
    if (path.endsWith('/team') && removals++ === 0) rmSync(at('team'), { recursive: true });
  };
  await store.append(key('team/a'), bytesOf('x'));
  expect(await textAt(store, key('team/a'))).toBe('x');
  await store.close();
  expect(open.size).toBe(0);
});

test('no descriptor is lost when the root goes away while a file is opened (injected)', async () => {
  const open = new Set<number>();
  let isAway = false;
  const { store, at } = await storeOnDisk({
    openSync: (path, flags, mode) => {
      if (isAway && !path.endsWith('/a')) throw systemError('ENOENT', 'open');
      const descriptor = systemCalls.openSync(path, flags, mode);
      open.add(descriptor);
      return descriptor;
    },
    closeSync: (descriptor) => {
      open.delete(descriptor);
      systemCalls.closeSync(descriptor);
    },
    descriptorPathSync: () => '/elsewhere',
  });
  writeFileSync(at('a'), 'x');
  isAway = true;
  await expect(store.read(key('a'), 10)).rejects.toMatchObject({ failure: 'unavailable' });
  expect(open.size).toBe(0);
});
