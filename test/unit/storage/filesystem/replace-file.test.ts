// `update` on files: what each rule of ARCHITECTURE.md#the-storage-seam was bought with. What a machine does not do on
// demand (two holders of a lock, coarse clocks, a write between two calls) is injected at the system calls.
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { type SystemCalls, systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import type { Change, ObjectStore } from '../../../../src/storage/object-store.ts';
import {
  addLine,
  bytesOf,
  key,
  megabyte,
  replaceBy,
  textAt,
  textOf,
  updateAndClose,
} from '../../../contract/store-under-test.ts';
import { failing, newDirectory, storeOnDisk, systemError, tracing } from './store-on-disk.ts';

const index = key('team/app/index.json');
const isIndex = (path: string): boolean => path.endsWith('/index.json');

/** An optional native dependency: without it an ordinary rename has to do, and nothing can tell what it displaced. */
const canExchange = (() => {
  const directory = mkdtempSync(join(tmpdir(), 'moorage-exchange-'));
  const [one, other] = [join(directory, 'one'), join(directory, 'other')];
  writeFileSync(one, '');
  writeFileSync(other, '');
  const works = systemCalls.exchangeSync(one, other);
  rmSync(directory, { recursive: true });
  return works;
})();

async function written(store: ObjectStore, text: string): Promise<void> {
  await updateAndClose(store, index, replaceBy(text));
}

test('what the replacement refers to is durable before it, it before it is visible, and its entry before the answer', async () => {
  const root = newDirectory();
  const { calls, events } = tracing(root);
  const { store } = await storeOnDisk(calls, {}, root);
  const change: Change = async () => ({
    bytes: bytesOf('index'),
    first: [{ key: key('team/app/blobs/sha256/aa'), bytes: bytesOf('response') }],
    record: () => [{ key: key('.moorage/journal/j'), bytes: bytesOf('record') }],
    note: () => [],
    remove: [],
  });
  await updateAndClose(store, index, change);
  await store.delete(key('team/app/blobs/sha256/aa'));
  events.length = 0;
  await updateAndClose(store, index, change);
  expect(events).toEqual([
    'mkdir team/app/.moorage.lock',
    'write .moorage/staging/*',
    'fsync .moorage/staging/*',
    'rename .moorage/staging/* team/app/blobs/sha256/aa',
    'fsync team/app/blobs/sha256',
    'write team/app/.moorage-*',
    'fsync team/app/.moorage-*',
    'write .moorage/journal/j',
    'rename team/app/.moorage-* team/app/index.json',
    'fsync team/app',
  ]);
});

test('an object of `first` that is right already is made durable where it is: another program may have written it', async () => {
  const root = newDirectory();
  const { calls, events } = tracing(root);
  const { store, at } = await storeOnDisk(calls, {}, root);
  await written(store, 'a');
  mkdirSync(at('team/app/blobs/sha256'), { recursive: true });
  writeFileSync(at('team/app/blobs/sha256/aa'), 'response');
  events.length = 0;
  const first = [{ key: key('team/app/blobs/sha256/aa'), bytes: bytesOf('response') }];
  await updateAndClose(store, index, async () => ({
    bytes: bytesOf('b'),
    first,
    record: () => [],
    note: () => [],
    remove: [],
  }));
  expect(events.slice(0, 6)).toEqual([
    'mkdir team/app/.moorage.lock',
    'fsync team/app/blobs/sha256/aa',
    'fsync team/app',
    'fsync team/app/blobs',
    'fsync team/app/blobs/sha256',
    'write team/app/.moorage-*',
  ]);
});

test('a record that is appended in part ends the update before anything is visible (a full disk, injected)', async () => {
  let armed = false;
  const { store, at } = await storeOnDisk({
    writeSync: (descriptor, bytes, offset) =>
      systemCalls.writeSync(descriptor, armed && textOf(bytes) === 'record' ? bytes.subarray(0, 3) : bytes, offset),
  });
  await written(store, 'a');
  armed = true;
  const journal = key('.moorage/journal/j');
  await store.append(journal, bytesOf('before'));
  const record = () => [{ key: journal, bytes: bytesOf('record') }];
  const update = store.update(index, async () => ({
    bytes: bytesOf('b'),
    first: [],
    record,
    note: () => [],
    remove: [],
  }));
  await expect(update).rejects.toMatchObject({ failure: 'no-space' });
  expect(readFileSync(at(index), 'utf8')).toBe('a');
  expect(readdirSync(at('team/app'))).toEqual(['index.json']);
  // What is appended next does not go on in the middle of a line.
  expect(readFileSync(at(journal), 'utf8')).toBe('before');
});

test('an edit in place between the look and the rename runs the change again (35 of 154 tags were lost to it)', async () => {
  const { store, at } = await storeOnDisk();
  await written(store, 'a');
  let runs = 0;
  await updateAndClose(store, index, async (now) => {
    const before = textOf((await now?.read(megabyte))?.bytes);
    runs += 1;
    if (runs === 1) writeFileSync(at(index), 'foreign');
    return { bytes: bytesOf(`${before}+ours`), first: [], record: () => [], note: () => [], remove: [] };
  });
  expect(runs).toBe(2);
  expect(readFileSync(at(index), 'utf8')).toBe('foreign+ours');
});

test('an edit before `change` reads is part of what it saw: once is enough', async () => {
  const { store, at } = await storeOnDisk();
  await written(store, 'a');
  let runs = 0;
  await updateAndClose(store, index, async (now) => {
    runs += 1;
    writeFileSync(at(index), 'foreign');
    const before = textOf((await now?.read(megabyte))?.bytes);
    return { bytes: bytesOf(`${before}+ours`), first: [], record: () => [], note: () => [], remove: [] };
  });
  expect(runs).toBe(1);
  expect(readFileSync(at(index), 'utf8')).toBe('foreign+ours');
});

test('an edit in place while the draft is made durable is still seen (injected at fsync)', async () => {
  let armed = false;
  const { store, at } = await storeOnDisk({
    fsync: async (descriptor) => {
      await systemCalls.fsync(descriptor);
      if (armed) writeFileSync(at(index), 'foreign\n');
      armed = false;
    },
  });
  await updateAndClose(store, index, addLine('one'));
  armed = true;
  await updateAndClose(store, index, addLine('two'));
  expect(readFileSync(at(index), 'utf8')).toBe('foreign\ntwo\n');
});

test('an edit in place between the re-check and the rename is found in what was replaced (injected at rename)', async () => {
  let armed = false;
  const { store, at } = await storeOnDisk({
    renameSync: (from, to) => {
      if (armed && isIndex(to)) writeFileSync(to, 'foreign');
      systemCalls.renameSync(from, to);
    },
  });
  await written(store, 'a');
  armed = true;
  const { previous } = await store.update(index, replaceBy('ours'));
  await expect(previous?.readIfChanged(3)).rejects.toMatchObject({ failure: 'too-large' });
  expect(textOf((await previous?.readIfChanged(megabyte))?.bytes)).toBe('foreign');
  await previous?.close();
  expect(readFileSync(at(index), 'utf8')).toBe('ours');
});

test.skipIf(!canExchange)(
  'a foreign rename between the re-check and ours is found in what was replaced (injected at exchange)',
  async () => {
    let armed = false;
    const { store, at, root } = await storeOnDisk({
      exchangeSync: (from, to) => {
        if (armed && isIndex(to)) {
          writeFileSync(at('foreign'), 'foreign');
          renameSync(at('foreign'), to);
        }
        return systemCalls.exchangeSync(from, to);
      },
    });
    await written(store, 'a');
    armed = true;
    const { previous } = await store.update(index, replaceBy('ours'));
    expect(textOf((await previous?.readIfChanged(megabyte))?.bytes)).toBe('foreign');
    await previous?.close();
    expect(readFileSync(at(index), 'utf8')).toBe('ours');
    expect(readdirSync(dirname(join(root, index))).filter((name) => name.startsWith('.moorage-'))).toEqual([]);
  },
);

test('what was replaced says nothing more once it is closed: its descriptor may be another file by then', async () => {
  const { store, root } = await storeOnDisk();
  await written(store, 'a');
  const { previous } = await store.update(index, replaceBy('ours'));
  const other = join(root, 'other');
  writeFileSync(other, 'foreign');
  const reading = previous?.readIfChanged(megabyte);
  await previous?.close();
  await reading;
  // The lowest free number is given out again.
  const descriptor = openSync(other, 'r');
  expect(await previous?.readIfChanged(megabyte)).toBeUndefined();
  await previous?.close();
  expect(readSync(descriptor, Buffer.alloc(7))).toBe(7);
  closeSync(descriptor);
});

test('a writer that had the file open before the rename finishes into what was replaced', async () => {
  const { store, at } = await storeOnDisk();
  await written(store, 'a');
  const foreign = openSync(at(index), 'r+');
  const { previous } = await store.update(index, replaceBy('ours'));
  expect(await previous?.readIfChanged(megabyte)).toBeUndefined();
  writeSync(foreign, 'late');
  closeSync(foreign);
  expect(textOf((await previous?.readIfChanged(megabyte))?.bytes)).toBe('late');
  await previous?.close();
});

test('two holders of one lock lose nothing (the lock is made to admit everybody)', async () => {
  const root = newDirectory();
  const admitting: Partial<SystemCalls> = {
    mkdirSync: (path, mode) => {
      if (!path.endsWith('.moorage.lock') || !existsSync(path)) systemCalls.mkdirSync(path, mode);
    },
    // Nor does a release take the lock from the others.
    rmdirSync: (path) => {
      if (!path.endsWith('.moorage.lock')) systemCalls.rmdirSync(path);
    },
    utimesSync: () => {},
  };
  const { store: one } = await storeOnDisk(admitting, {}, root);
  const { store: two } = await storeOnDisk(admitting, {}, root);
  const names = Array.from({ length: 60 }, (_, i) => `tag-${i}`);
  await Promise.all(names.map((name, i) => updateAndClose(i % 2 === 0 ? one : two, index, addLine(name))));
  const lines = (await textAt(one, index))?.trimEnd().split('\n') ?? [];
  expect([...lines].sort()).toEqual([...names].sort());
});

test('a lock that somebody took over while the change was thinking makes it run again, and is left to them', async () => {
  const { store, at, warnings } = await storeOnDisk();
  await written(store, 'a');
  const lock = at('team/app/.moorage.lock');
  let runs = 0;
  await updateAndClose(store, index, async () => {
    runs += 1;
    if (runs === 1) {
      rmdirSync(lock);
      mkdirSync(lock);
      utimesSync(lock, new Date(), new Date(Date.now() - 500));
      setTimeout(() => rmdirSync(lock), 100);
    }
    return { bytes: bytesOf(`run ${runs}`), first: [], record: () => [], note: () => [], remove: [] };
  });
  expect(runs).toBe(2);
  expect(readFileSync(at(index), 'utf8')).toBe('run 2');
  expect(warnings).toContain('lock was taken over while held: left to its new holder');
});

test('a write in place right after the rename is not taken for ours (injected at rename)', async () => {
  let armed = false;
  const { store } = await storeOnDisk({
    renameSync: (from, to) => {
      systemCalls.renameSync(from, to);
      if (armed && isIndex(to)) writeFileSync(to, 'foreign');
    },
  });
  await written(store, 'a');
  armed = true;
  const updated = await updateAndClose(store, index, replaceBy('ours'));
  const stat = await store.stat(index);
  expect(updated.info?.size).toBe(4);
  expect(stat?.size).toBe(7);
  expect(updated.info?.version).not.toBe(stat?.version);
});

test('versions differ although the clock stands still (injected): the mtime has a random part', async () => {
  const start = Date.now();
  const { store } = await storeOnDisk({ now: () => start });
  const labels = new Set<string>();
  for (let i = 0; i < 30; i += 1) labels.add((await updateAndClose(store, index, replaceBy('same'))).info?.label ?? '');
  // Inode numbers alternate between two; the random part has 4,096 values, so two of 30 may be equal.
  expect(labels.size).toBeGreaterThan(20);
});

test('an edit in the same tick of a coarse clock leaves the version, so what was replaced is read again (injected)', async () => {
  const tick = Math.floor(Date.now() / 1_000);
  const coarse = <Stats extends { ctimeMs: number } | undefined>(stats: Stats): Stats => {
    if (stats !== undefined) stats.ctimeMs = tick * 1_000;
    return stats;
  };
  const { store, at } = await storeOnDisk({
    lstatSync: (path) => coarse(systemCalls.lstatSync(path)),
    fstatSync: (descriptor) => coarse(systemCalls.fstatSync(descriptor)),
    now: () => tick * 1_000 + 50,
  });
  const foreignEdit = (text: string): void => {
    writeFileSync(at(index), text);
    utimesSync(at(index), tick + 0.01, tick + 0.01);
  };
  await written(store, 'a');
  foreignEdit('foreign-1');
  const read = await store.read(index, 100);
  foreignEdit('foreign-2');
  expect((await store.stat(index))?.version).toBe(read?.info.version);
  expect(read?.info.settled).toBe(false);
  const { previous } = await store.update(index, async (now) => {
    await now?.read(megabyte);
    foreignEdit('foreign-3');
    return { bytes: bytesOf('ours'), first: [], record: () => [], note: () => [], remove: [] };
  });
  expect(textOf((await previous?.readIfChanged(megabyte))?.bytes)).toBe('foreign-3');
  await previous?.close();
});

test('a failed fsync discards the draft, is not repeated, and leaves the object (injected)', async () => {
  let armed = false;
  let syncs = 0;
  const { store, at } = await storeOnDisk({
    fsync: async (descriptor) => {
      if (!armed) return systemCalls.fsync(descriptor);
      syncs += 1;
      throw systemError('EIO');
    },
  });
  await written(store, 'a');
  armed = true;
  await expect(store.update(index, replaceBy('b'))).rejects.toMatchObject({ failure: 'unavailable' });
  expect(syncs).toBe(1);
  expect(readFileSync(at(index), 'utf8')).toBe('a');
  expect(readdirSync(at('team/app'))).toEqual(['index.json']);
});

test.each([
  ['ENOSPC', 'no-space'],
  ['EDQUOT', 'no-space'],
  ['EFBIG', 'no-space'],
  ['EROFS', 'read-only'],
  ['EACCES', 'read-only'],
  ['EPERM', 'read-only'],
  ['EIO', 'unavailable'],
  ['EMFILE', 'unavailable'],
])('%s while drafting is `%s`, and leaves nothing (injected)', async (code, failure) => {
  const { store, root } = await storeOnDisk({ writeSync: failing(systemCalls.writeSync, code) });
  await expect(store.update(index, replaceBy('a'))).rejects.toMatchObject({ name: 'StorageError', failure });
  expect(readdirSync(root)).toEqual([]);
});

test('a file that may not be read is `unavailable` to its update, not a store that is read-only (injected)', async () => {
  let refuse = false;
  const { store, at } = await storeOnDisk({
    openSync: (path, flags, mode) => {
      if (refuse && path.endsWith('/index.json')) throw systemError('EACCES');
      return systemCalls.openSync(path, flags, mode);
    },
  });
  await written(store, 'a');
  refuse = true;
  await expect(store.update(index, addLine('b'))).rejects.toMatchObject({ failure: 'unavailable' });
  expect(readFileSync(at(index), 'utf8')).toBe('a');
});

test('a read-only directory refuses the lock (injected)', async () => {
  const { store, at } = await storeOnDisk({
    mkdirSync: failing(systemCalls.mkdirSync, 'EROFS', (path) => path.endsWith('.moorage.lock')),
  });
  mkdirSync(at('team/app'), { recursive: true });
  await expect(store.update(index, replaceBy('a'))).rejects.toMatchObject({ failure: 'read-only' });
  expect(readdirSync(at('team/app'))).toEqual([]);
});

test('creation is exclusive also where there are no hard links (injected)', async () => {
  const { store, at } = await storeOnDisk({ linkSync: failing(systemCalls.linkSync, 'EPERM') });
  let runs = 0;
  await updateAndClose(store, index, async (now) => {
    runs += 1;
    const before = now === undefined ? '' : textOf((await now.read(megabyte)).bytes);
    if (runs === 1) writeFileSync(at(index), 'foreign');
    return { bytes: bytesOf(`${before}+ours`), first: [], record: () => [], note: () => [], remove: [] };
  });
  expect(readFileSync(at(index), 'utf8')).toBe('foreign+ours');
  expect(readdirSync(at('team/app'))).toEqual(['index.json']);
});

test('an object that changes before every rename ends in `unavailable`, after a bounded number of rounds', async () => {
  const { store, at } = await storeOnDisk();
  await written(store, 'a');
  let runs = 0;
  const update = store.update(index, async (now) => {
    runs += 1;
    await now?.read(megabyte);
    writeFileSync(at(index), `foreign ${runs}`);
    return { bytes: bytesOf('ours'), first: [], record: () => [], note: () => [], remove: [] };
  });
  await expect(update).rejects.toMatchObject({ failure: 'unavailable' });
  expect(runs).toBe(100);
  expect(readFileSync(at(index), 'utf8')).toBe('foreign 100');
});

test('a symbolic link under the key, or on the way to it, is refused and not followed', async () => {
  const { store, at } = await storeOnDisk();
  const outside = newDirectory();
  writeFileSync(`${outside}/index.json`, 'outside');
  mkdirSync(at('team/app'), { recursive: true });
  symlinkSync(`${outside}/index.json`, at(index));
  symlinkSync(outside, at('linked'));
  for (const each of [index, key('linked/index.json'), key('linked/below/index.json')]) {
    await expect(store.update(each, replaceBy('ours'))).rejects.toMatchObject({ failure: 'unsafe' });
  }
  expect(readdirSync(outside)).toEqual(['index.json']);
  expect(readFileSync(`${outside}/index.json`, 'utf8')).toBe('outside');
});

test('the repository of a first update that failed is gone again; a file that was there before stays', async () => {
  const { store, at } = await storeOnDisk();
  mkdirSync(at('team'));
  writeFileSync(at('team/note'), '');
  const failingChange: Change = async () => {
    throw new Error('refused');
  };
  await expect(store.update(index, failingChange)).rejects.toThrow('refused');
  expect(readdirSync(at('team'))).toEqual(['note']);
});

test('a repository that was removed while it was waited for is made again (injected at the lock)', async () => {
  let removals = 0;
  const { store, at } = await storeOnDisk({
    mkdirSync: (path, mode) => {
      if (path.endsWith('.moorage.lock') && removals++ === 0) rmdirSync(path.slice(0, path.lastIndexOf('/')));
      systemCalls.mkdirSync(path, mode);
    },
  });
  await written(store, 'a');
  expect(readFileSync(at(index), 'utf8')).toBe('a');
});

test('a file renamed over the object between look and rename runs the change again', async () => {
  const { store, at } = await storeOnDisk();
  await written(store, 'a');
  let runs = 0;
  await updateAndClose(store, index, async (now) => {
    const before = textOf((await now?.read(megabyte))?.bytes);
    runs += 1;
    if (runs === 1) {
      writeFileSync(at('other'), 'foreign');
      renameSync(at('other'), at(index));
    }
    return { bytes: bytesOf(`${before}+ours`), first: [], record: () => [], note: () => [], remove: [] };
  });
  expect(readFileSync(at(index), 'utf8')).toBe('foreign+ours');
});
