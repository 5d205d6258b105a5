// A root that is gone, or another one, is neither read as empty nor written to; the right one is known again by its id.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { expect, test } from 'vitest';
import { newUploadId } from '../../../../src/oci/upload-id.ts';
import { type SystemCalls, systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import type { ObjectStore } from '../../../../src/storage/object-store.ts';
import { appendText, bytesOf, key, replaceBy, textAt, updateAndClose } from '../../../contract/store-under-test.ts';
import { failing, newDirectory, readerOnDisk, type StoreOnDisk, storeOnDisk, systemError } from './store-on-disk.ts';

const own = { served: { ownFiles: 'at-open', minFree: 0 } } as const;
const shared = { served: { ownFiles: 'with-first-write', minFree: 0 } } as const;
const unavailable = { name: 'StorageError', failure: 'unavailable' };

interface Served extends StoreOnDisk {
  /** Puts the root out of the way, as an unmount does, and an empty directory in its place. */
  unmount(): void;
  mount(): void;
}

async function served(
  options: Parameters<typeof storeOnDisk>[1] = own,
  calls: Parameters<typeof storeOnDisk>[0] = {},
): Promise<Served> {
  const above = newDirectory();
  const root = `${above}/root`;
  mkdirSync(root);
  const opened = await storeOnDisk(calls, options, root);
  return {
    ...opened,
    unmount: () => {
      renameSync(root, `${above}/volume`);
      mkdirSync(root);
    },
    mount: () => {
      rmSync(root, { recursive: true });
      renameSync(`${above}/volume`, root);
    },
  };
}

const reads: Readonly<Record<string, (store: ObjectStore) => Promise<unknown>>> = {
  stat: (store) => store.stat(key('team/index.json')),
  read: (store) => store.read(key('team/index.json'), 100),
  open: (store) => store.open(key('team/index.json')),
  list: (store) => store.list(key('')),
  resume: (store) => store.resume(newUploadId()),
  staged: (store) => store.staged(),
};

const writes: Readonly<Record<string, (store: ObjectStore) => Promise<unknown>>> = {
  write: (store) => store.write(key('team/a'), bytesOf('x')),
  append: (store) => store.append(key('team/a'), bytesOf('x')),
  update: (store) => store.update(key('team/index.json'), replaceBy('x')),
  link: (store) => store.link(key('team/index.json'), key('team/b')),
  makeDurable: (store) => store.makeDurable(key('team/index.json')),
  delete: (store) => store.delete(key('team/index.json')),
  stage: (store) => store.stage(newUploadId(), {}),
};

test.each(Object.entries({ ...reads, ...writes }))(
  '%s: nothing is absent and nothing written while the root is out of reach; then it goes on',
  async (_, call) => {
    const { store, root, unmount, mount } = await served();
    await updateAndClose(store, key('team/index.json'), replaceBy('x'));
    unmount();
    await expect(call(store)).rejects.toMatchObject(unavailable);
    expect(readdirSync(root)).toEqual([]);
    mount();
    await call(store);
  },
);

test('a root that is removed is not made again', async () => {
  const { store, root, unmount } = await served();
  unmount();
  rmSync(root, { recursive: true });
  for (const call of Object.values({ ...reads, ...writes }))
    await expect(call(store)).rejects.toMatchObject(unavailable);
  expect(existsSync(root)).toBe(false);
});

test.each(['rename', 'fsync'] as const)(
  'what is written while the root goes away at a %s is not acknowledged, and not written elsewhere (injected)',
  async (call) => {
    let onCall = (): void => {};
    const rename: SystemCalls['rename'] = (from, to) => systemCalls.rename(from, to).then(() => onCall());
    const fsync: SystemCalls['fsync'] = (descriptor) => systemCalls.fsync(descriptor).then(() => onCall());
    const { store, root, unmount } = await served(own, call === 'rename' ? { rename } : { fsync });
    onCall = () => {
      onCall = () => {};
      unmount();
    };
    await expect(store.write(key('team/a'), bytesOf('x'))).rejects.toMatchObject(unavailable);
    expect(readdirSync(root)).toEqual([]);
  },
);

test('an upload goes on where it was once the root is back', async () => {
  const { store, unmount, mount } = await served();
  const staged = await store.stage(newUploadId(), {});
  await appendText(staged, 'one');
  unmount();
  await expect(staged.size()).rejects.toMatchObject(unavailable);
  await expect(appendText(staged, 'two')).rejects.toMatchObject(unavailable);
  await expect(staged.commit(key('team/a'))).rejects.toMatchObject(unavailable);
  mount();
  expect(await appendText(staged, 'two')).toBe(6);
  await staged.commit(key('team/a'));
  expect(await textAt(store, key('team/a'))).toBe('onetwo');
});

test('another registry in its place is not served, although what is asked for is there', async () => {
  const { store, root, unmount } = await served();
  await store.write(key('team/index.json'), bytesOf('ours'));
  unmount();
  const other = await storeOnDisk({}, own, root);
  await other.store.write(key('team/index.json'), bytesOf('theirs'));
  await expect(store.read(key('team/index.json'), 100)).rejects.toMatchObject(unavailable);
  await expect(store.write(key('team/a'), bytesOf('x'))).rejects.toMatchObject(unavailable);
});

test('a copy with the same id is the same root, and nothing in it is taken for durable', async () => {
  const synced: string[] = [];
  const { store, root, unmount } = await served(own, {
    fsync: (descriptor) => {
      synced.push(systemCalls.descriptorPathSync(descriptor) ?? '');
      return systemCalls.fsync(descriptor);
    },
  });
  await store.write(key('team/a'), bytesOf('x'));
  unmount();
  cpSync(`${root}/../volume`, root, { recursive: true });
  expect(await textAt(store, key('team/a'))).toBe('x');
  synced.length = 0;
  await store.write(key('team/b'), bytesOf('y'));
  if (process.platform === 'linux') expect(synced).toContain(root);
});

test('.moorage/ removed from a root that is served is no outage: the same id is laid again', async () => {
  const { store, root, at } = await served();
  await store.write(key('team/a'), bytesOf('x'));
  const id = readFileSync(at('.moorage/id'), 'utf8');
  rmSync(at('.moorage'), { recursive: true });
  expect(await store.stat(key('team/b'))).toBeUndefined();
  expect(readdirSync(root)).toEqual(['team']);
  await store.write(key('team/b'), bytesOf('x'));
  expect(readFileSync(at('.moorage/id'), 'utf8')).toBe(id);
});

test('servers that start at once agree on one id, and each knows the root', async () => {
  const root = newDirectory();
  const opened = await Promise.all(Array.from({ length: 8 }, () => storeOnDisk({}, own, root)));
  for (const { store } of opened) await store.write(key('team/a'), bytesOf('x'));
  // The reserve may still be on its way.
  await expect.poll(() => readdirSync(`${root}/.moorage/staging`)).toEqual([]);
});

test.each(['EPERM', 'EEXIST'])('an id is laid where a link is refused with %s (injected)', async (code) => {
  const root = newDirectory();
  const other = 'b3b7b1a4-4b0e-4d0e-9a3f-000000000000\n';
  const { store } = await storeOnDisk(
    {
      linkSync: (_from, to) => {
        if (code === 'EEXIST') writeFileSync(to, other);
        throw systemError(code);
      },
    },
    own,
    root,
  );
  const id = readFileSync(`${root}/.moorage/id`, 'utf8');
  if (code === 'EEXIST') expect(id).toBe(other);
  else expect(id).toMatch(/^[0-9a-f-]{36}\n$/);
  expect(await store.stat(key('team/a'))).toBeUndefined();
});

test('a damaged id is laid anew', async () => {
  const root = newDirectory();
  mkdirSync(`${root}/.moorage`);
  writeFileSync(`${root}/.moorage/id`, 'x'.repeat(1000));
  await storeOnDisk({}, own, root);
  expect(readFileSync(`${root}/.moorage/id`, 'utf8')).toMatch(/^[0-9a-f-]{36}\n$/);
});

test('on a full disk a root is opened, read and cleaned up without an id (injected)', async () => {
  let isFull = true;
  const { store, at } = await storeOnDisk({ writeSync: failing(systemCalls.writeSync, 'ENOSPC', () => isFull) }, own);
  writeFileSync(at('a'), 'x');
  expect(await store.delete(key('a'))).toBe(true);
  isFull = false;
  await store.write(key('a'), bytesOf('x'));
  expect(existsSync(at('.moorage/id'))).toBe(true);
});

test('the directory of somebody else gets its id with the first write', async () => {
  const root = newDirectory();
  writeFileSync(`${root}/index.json`, '{}');
  const { store } = await storeOnDisk({}, shared, root);
  await store.stat(key('absent'));
  expect(readdirSync(root)).toEqual(['index.json']);
  await store.write(key('a'), bytesOf('x'));
  expect(existsSync(`${root}/.moorage/id`)).toBe(true);
});

test('without an id: an empty or missing directory is not the one that was opened, a new version of it is', async () => {
  const above = newDirectory();
  const root = `${above}/layout`;
  mkdirSync(root);
  writeFileSync(`${root}/index.json`, 'old');
  const store = await readerOnDisk({}, root);
  rmSync(root, { recursive: true });
  await expect(store.stat(key('index.json'))).rejects.toMatchObject(unavailable);
  mkdirSync(root);
  await expect(store.stat(key('index.json'))).rejects.toMatchObject(unavailable);
  mkdirSync(`${above}/new`);
  writeFileSync(`${above}/new/index.json`, 'new');
  rmSync(root, { recursive: true });
  renameSync(`${above}/new`, root);
  expect(await textAt(store, key('index.json'))).toBe('new');
  expect(await store.stat(key('absent'))).toBeUndefined();
});

test('a root behind a symbolic link is known where the link leads now', async () => {
  const [one, two] = [newDirectory(), newDirectory()];
  const link = `${newDirectory()}/root`;
  symlinkSync(one, link);
  const { store } = await storeOnDisk({}, own, link);
  await store.write(key('team/a'), bytesOf('x'));
  unlinkSync(link);
  symlinkSync(two, link);
  await expect(store.stat(key('team/a'))).rejects.toMatchObject(unavailable);
  unlinkSync(link);
  symlinkSync(one, link);
  expect(await textAt(store, key('team/a'))).toBe('x');
});

test('an operator is told once that the root is away, and that it is back', async () => {
  const { store, warnings, unmount, mount } = await served();
  unmount();
  await store.stat(key('a')).catch(() => {});
  await store.stat(key('a')).catch(() => {});
  expect(await store.problem()).toBe('the storage directory is gone, or is not the one that was opened');
  mount();
  expect(await store.problem()).toBeUndefined();
  expect(warnings).toEqual([
    'the storage directory is gone or another one: nothing is served until it is back',
    'the storage directory is back',
  ]);
});

test.each([
  ['EROFS', 'the file system of the storage directory is mounted read-only'],
  ['EACCES', 'the storage directory cannot be written to (EACCES)'],
])('%s is a problem as long as it lasts (injected)', async (code, problem) => {
  let isForbidden = false;
  const accessSync = failing(systemCalls.accessSync, code, () => isForbidden);
  const { store } = await storeOnDisk({ accessSync });
  isForbidden = true;
  expect(await store.problem()).toBe(problem);
  isForbidden = false;
  expect(await store.problem()).toBeUndefined();
});

test('what was opened or begun is given back where nobody can tell afterwards whether the root is the right one (injected)', async () => {
  const { store: first, root } = await storeOnDisk({}, own);
  await first.close();
  for (let at = 0, isDone = false; !isDone; at += 1) {
    const opened = new Set<number>();
    const fault = { left: Number.POSITIVE_INFINITY };
    const lstatSync: SystemCalls['lstatSync'] = (path) => {
      if (path.endsWith('.moorage/id') && fault.left-- === 0) throw systemError('EIO', 'lstat');
      return systemCalls.lstatSync(path);
    };
    const openSync: SystemCalls['openSync'] = (...values) => {
      const descriptor = systemCalls.openSync(...values);
      opened.add(descriptor);
      return descriptor;
    };
    const closeSync: SystemCalls['closeSync'] = (descriptor) => {
      opened.delete(descriptor);
      systemCalls.closeSync(descriptor);
    };
    // Of one that sets no space aside in the background.
    const close: SystemCalls['close'] = async (descriptor) => closeSync(descriptor);
    const { store } = await storeOnDisk({ lstatSync, openSync, closeSync, close }, {}, root);
    await store.write(key('team/a'), bytesOf('old'));
    fault.left = at;
    const id = newUploadId();
    try {
      const staged = await store.stage(id, {});
      await appendText(staged, 'x');
      await staged.truncate(0);
      await staged.discard();
      await updateAndClose(store, key('team/a'), replaceBy('new'));
    } catch (error) {
      expect(error).toMatchObject(unavailable);
      await (await store.resume(id))?.discard();
    }
    isDone = fault.left >= 0;
    fault.left = Number.POSITIVE_INFINITY;
    expect(await store.list(key('.moorage/uploads'))).toEqual([]);
    await store.close();
    expect(opened).toEqual(new Set());
  }
});
