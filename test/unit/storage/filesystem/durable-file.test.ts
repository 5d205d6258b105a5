// Publication of whole files: durable before visible, across file systems, and nothing left when it fails. Other file
// systems and full disks are injected at the system calls.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type SystemCalls, systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import { bytesOf, key, replaceBy, stageText, textAt, updateAndClose } from '../../../contract/store-under-test.ts';
import { failing, newDirectory, storeOnDisk, systemError, tracing } from './store-on-disk.ts';

const blob = key('team/app/blobs/sha256/aa');

/** Names in the root's directories that are neither objects nor prefixes of the test. */
function leftBehind(root: string): string[] {
  const paths = readdirSync(root, { recursive: true }).map(String);
  return paths.filter((path) => /(^|\/)\.moorage-/.test(path) || path.startsWith('.moorage/staging/'));
}

/** Renames between these two key prefixes cross a mount point. */
function mountedAt(root: string, mount: string): Partial<SystemCalls> {
  const isBelow = (path: string): boolean => path.startsWith(`${root}/${mount}/`);
  return {
    rename: async (from, to) => {
      if (isBelow(from) !== isBelow(to)) throw systemError('EXDEV');
      await systemCalls.rename(from, to);
    },
    link: async (from, to) => {
      if (isBelow(from) !== isBelow(to)) throw systemError('EXDEV');
      await systemCalls.link(from, to);
    },
  };
}

test('a written object is durable before it is visible, and its entry before the answer', async () => {
  const root = newDirectory();
  const { calls, events } = tracing(root);
  const { store } = await storeOnDisk(calls, {}, root);
  await store.write(blob, bytesOf('x'));
  events.length = 0;
  await store.write(blob, bytesOf('y'));
  expect(events).toEqual([
    'write .moorage/staging/*',
    'fsync .moorage/staging/*',
    'rename .moorage/staging/* team/app/blobs/sha256/aa',
    'fsync team/app/blobs/sha256',
  ]);
});

test('files are 0644 and directories 0755, or what was configured', async () => {
  const plain = await storeOnDisk();
  await plain.store.write(blob, bytesOf('x'));
  expect(statSync(plain.at(blob)).mode & 0o777).toBe(0o644);
  expect(statSync(plain.at('team/app')).mode & 0o777).toBe(0o755);
  const configured = await storeOnDisk({}, { fileMode: 0o600, directoryMode: 0o700 });
  await configured.store.write(blob, bytesOf('x'));
  expect(statSync(configured.at(blob)).mode & 0o777).toBe(0o600);
  expect(statSync(configured.at('team/app')).mode & 0o777).toBe(0o700);
});

test('an existing file is never written to: a program that shares its inode keeps its bytes', async () => {
  const { store, at } = await storeOnDisk();
  await store.write(key('.moorage/pool/aa'), bytesOf('pooled'));
  await store.link(key('.moorage/pool/aa'), blob);
  await store.write(blob, bytesOf('replaced'));
  await (await stageText(store, 'committed')).commit(blob);
  expect(readFileSync(at('.moorage/pool/aa'), 'utf8')).toBe('pooled');
});

test.each([
  ['ENOSPC', 'no-space'],
  ['EIO', 'unavailable'],
])('%s in a large write is `%s`, and leaves nothing (injected)', async (code, failure) => {
  let writes = 0;
  const { store, root } = await storeOnDisk({
    write: async (descriptor, bytes, offset) => {
      writes += 1;
      if (writes === 2) throw systemError(code);
      return systemCalls.write(descriptor, bytes.subarray(0, offset + 1_000), offset);
    },
  });
  await expect(store.write(blob, Buffer.alloc(100_000))).rejects.toMatchObject({ failure });
  expect(writes).toBe(2);
  expect(leftBehind(root)).toEqual([]);
  expect(await store.stat(blob)).toBeUndefined();
});

test('short writes are gone on with (injected)', async () => {
  const bytes = Buffer.alloc(200_000, 'abcdefg');
  const { store, at } = await storeOnDisk({
    write: (descriptor, all, offset) => systemCalls.write(descriptor, all.subarray(0, offset + 70_001), offset),
    writeSync: (descriptor, all, offset) => systemCalls.writeSync(descriptor, all.subarray(0, offset + 3), offset),
  });
  await store.write(blob, bytes);
  expect(readFileSync(at(blob)).equals(bytes)).toBe(true);
  await store.write(blob, bytesOf('small one'));
  expect(readFileSync(at(blob), 'utf8')).toBe('small one');
});

test('a failed fsync discards, is not repeated, and leaves what was there (injected)', async () => {
  let armed = false;
  let syncs = 0;
  const { store, root } = await storeOnDisk({
    fsync: async (descriptor) => {
      if (!armed) return systemCalls.fsync(descriptor);
      syncs += 1;
      throw systemError('EIO');
    },
  });
  await store.write(blob, bytesOf('before'));
  armed = true;
  await expect(store.write(blob, bytesOf('after'))).rejects.toMatchObject({ failure: 'unavailable' });
  expect(syncs).toBe(1);
  expect(await textAt(store, blob)).toBe('before');
  expect(leftBehind(root)).toEqual([]);
});

test('a layout on another file system is copied to, outside of blobs/, and only then renamed into it (injected)', async () => {
  const root = newDirectory();
  const { calls, events } = tracing(root, { ...systemCalls, ...mountedAt(root, 'team') });
  const { store } = await storeOnDisk(calls, {}, root);
  await store.write(blob, bytesOf('x'));
  // Those above are synced beside it.
  const above = ['fsync team/app', 'fsync team/app/blobs'];
  expect(events).toEqual(expect.arrayContaining(above));
  const steps = events.filter((event) => /copy|rename|fsync team\/app/.test(event) && !above.includes(event));
  expect(steps).toEqual([
    'rename .moorage/staging/* team/app/blobs/sha256/aa',
    'copy .moorage/staging/* team/app/.moorage-*',
    'fsync team/app/.moorage-*',
    'rename team/app/.moorage-* team/app/blobs/sha256/aa',
    'fsync team/app/blobs/sha256',
  ]);
  expect(await textAt(store, blob)).toBe('x');
  expect((await store.stat(blob))?.hardLinks).toBe(1);
  expect(leftBehind(root)).toEqual([]);
});

test('blobs/ on another file system than its layout is copied to below the mount point (injected)', async () => {
  const root = newDirectory();
  const { calls, events } = tracing(root, { ...systemCalls, ...mountedAt(root, 'team/app/blobs') });
  const { store } = await storeOnDisk(calls, {}, root);
  await (await stageText(store, 'large')).commit(blob);
  expect(events.filter((event) => event.startsWith('copy'))).toEqual([
    'copy .moorage/uploads/*/committing team/app/.moorage-*',
    'copy .moorage/uploads/*/committing team/app/blobs/.moorage-*',
  ]);
  expect(await textAt(store, blob)).toBe('large');
  expect(leftBehind(root)).toEqual([]);
  expect(await store.staged()).toEqual([]);
});

test.each(['EXDEV', 'EMLINK', 'EPERM', 'ENOTSUP'])(
  'a hard link refused with %s becomes a durable copy (injected)',
  async (code) => {
    const root = newDirectory();
    const { calls, events } = tracing(root, {
      ...systemCalls,
      link: async () => {
        throw systemError(code);
      },
    });
    const { store } = await storeOnDisk(calls, {}, root);
    await store.write(key('.moorage/pool/aa'), bytesOf('layer'));
    await store.write(blob, bytesOf('damaged'));
    events.length = 0;
    expect(await store.link(key('.moorage/pool/aa'), blob)).toBe(true);
    expect(events).toEqual([
      'fsync .moorage/pool/aa',
      'link .moorage/pool/aa team/app/blobs/sha256/aa',
      'copy .moorage/pool/aa team/app/.moorage-*',
      'fsync team/app/.moorage-*',
      'rename team/app/.moorage-* team/app/blobs/sha256/aa',
      'fsync team/app/blobs/sha256',
    ]);
    expect(await textAt(store, blob)).toBe('layer');
    expect((await store.stat(blob))?.hardLinks).toBe(1);
    expect(leftBehind(root)).toEqual([]);
  },
);

test('a copy that runs out of space leaves nothing and what was there (injected)', async () => {
  const { store, root } = await storeOnDisk({
    link: async () => {
      throw systemError('EXDEV');
    },
    copyFile: async (from, to, mode) => {
      await systemCalls.copyFile(from, to, mode);
      throw systemError('ENOSPC');
    },
  });
  await store.write(key('.moorage/pool/aa'), bytesOf('layer'));
  await store.write(blob, bytesOf('before'));
  await expect(store.link(key('.moorage/pool/aa'), blob)).rejects.toMatchObject({ failure: 'no-space' });
  expect(await textAt(store, blob)).toBe('before');
  expect(leftBehind(root)).toEqual([]);
});

test('a link that another process makes first is kept, and no name is left over (injected)', async () => {
  const { store, root, at } = await storeOnDisk({
    rename: async (from, to) => {
      // By now another process has linked the same file here: rename(2) of two links of one file does nothing.
      if (from.includes('/.moorage/staging/') && to === at(blob)) {
        await systemCalls.unlink(to);
        await systemCalls.link(from, to);
      }
      await systemCalls.rename(from, to);
    },
  });
  writeFileSync(at('layer'), 'layer');
  mkdirSync(at('team/app/blobs/sha256'), { recursive: true });
  writeFileSync(at(blob), 'damaged');
  expect(await store.link(key('layer'), blob)).toBe(true);
  expect(await textAt(store, blob)).toBe('layer');
  expect((await store.stat(blob))?.hardLinks).toBe(2);
  expect(leftBehind(root)).toEqual([]);
});

test('a push of the same blob that replaces what is linked, or the link, meanwhile loses nothing (injected)', async () => {
  const replacing = async (path: string) => {
    writeFileSync(`${path}-next`, 'layer');
    await systemCalls.rename(`${path}-next`, path);
  };
  for (const replacedSide of ['source', 'link'] as const) {
    const { store, at } = await storeOnDisk({
      link: async (from, to) => {
        if (replacedSide === 'source') await replacing(from);
        await systemCalls.link(from, to);
        if (replacedSide === 'link') await replacing(to);
      },
    });
    writeFileSync(at('layer'), 'layer');
    expect(await store.link(key('layer'), blob)).toBe(true);
    expect(await textAt(store, blob)).toBe('layer');
    expect(await textAt(store, key('layer'))).toBe('layer');
  }
});

test('a source whose last name another push takes while it is linked is linked as it is then (injected)', async () => {
  let refused = 0;
  const { store, at } = await storeOnDisk({
    link: async (from, to) => {
      // As link(2) answers for a file that has lost its last name since it was looked up.
      if (refused < 3 && to === at(blob)) {
        refused += 1;
        writeFileSync(`${from}-next`, 'layer');
        await systemCalls.rename(`${from}-next`, from);
        throw systemError('ENOENT');
      }
      await systemCalls.link(from, to);
    },
  });
  writeFileSync(at('layer'), 'layer');
  mkdirSync(at('team/app/blobs/sha256'), { recursive: true });
  expect(await store.link(key('layer'), blob)).toBe(true);
  expect(refused).toBe(3);
  expect(await textAt(store, blob)).toBe('layer');
  expect((await store.stat(key('layer')))?.hardLinks).toBe(2);
});

test('a link that was put in the place of the source does not become an object (injected)', async () => {
  const { store, at } = await storeOnDisk({
    link: async (from, to) => {
      await systemCalls.unlink(from);
      symlinkSync('/etc/hostname', from);
      await systemCalls.link(from, to);
    },
  });
  writeFileSync(at('layer'), 'layer');
  await expect(store.link(key('layer'), blob)).rejects.toMatchObject({ failure: 'unavailable' });
  expect(existsSync(at(blob))).toBe(false);
});

test('a link whose source vanishes meanwhile is `false` (injected)', async () => {
  const { store, at } = await storeOnDisk({
    link: async (from, to) => {
      await systemCalls.unlink(from);
      await systemCalls.link(from, to);
    },
  });
  writeFileSync(at('layer'), 'layer');
  expect(await store.link(key('layer'), blob)).toBe(false);
});

test('what another program wrote is synced before it is linked, and by makeDurable with its directories', async () => {
  const root = newDirectory();
  const { calls, events } = tracing(root);
  const { store, at } = await storeOnDisk(calls, {}, root);
  mkdirSync(at('foreign/blobs/sha256'), { recursive: true });
  writeFileSync(at('foreign/blobs/sha256/aa'), 'layer');
  await store.makeDurable(key('foreign/blobs/sha256/aa'));
  expect(events).toEqual([
    'fsync foreign/blobs/sha256/aa',
    'fsync .',
    'fsync foreign',
    'fsync foreign/blobs',
    'fsync foreign/blobs/sha256',
  ]);
  events.length = 0;
  await store.link(key('foreign/blobs/sha256/aa'), key('foreign/blobs/sha256/bb'));
  expect(events).toEqual([
    'fsync foreign/blobs/sha256/aa',
    'link foreign/blobs/sha256/aa foreign/blobs/sha256/bb',
    'fsync foreign/blobs/sha256',
  ]);
});

test('what is linked already is not linked again', async () => {
  const root = newDirectory();
  const { calls, events } = tracing(root);
  const { store } = await storeOnDisk(calls, {}, root);
  await store.write(key('.moorage/pool/aa'), bytesOf('layer'));
  await store.link(key('.moorage/pool/aa'), blob);
  events.length = 0;
  expect(await store.link(key('.moorage/pool/aa'), blob)).toBe(true);
  expect(events).toEqual(['fsync .moorage/pool/aa', 'fsync team/app/blobs/sha256']);
});

test('a delete is durable before its answer', async () => {
  const root = newDirectory();
  const { calls, events } = tracing(root);
  const { store } = await storeOnDisk(calls, {}, root);
  await store.write(blob, bytesOf('x'));
  events.length = 0;
  await store.delete(blob);
  expect(events).toEqual(['unlink team/app/blobs/sha256/aa', 'fsync team/app/blobs/sha256']);
});

test.each(['write', 'commit', 'link', 'delete', 'append'] as const)(
  '%s does not follow or replace a symbolic link',
  async (method) => {
    const { store, at } = await storeOnDisk();
    const outside = newDirectory();
    writeFileSync(`${outside}/aa`, 'outside');
    writeFileSync(at('layer'), 'ours');
    mkdirSync(at('team/app/blobs/sha256'), { recursive: true });
    symlinkSync(`${outside}/aa`, at(blob));
    symlinkSync(outside, at('linked'));
    const staged = await stageText(store, 'ours');
    const act = {
      write: (to: typeof blob) => store.write(to, bytesOf('ours')),
      commit: (to: typeof blob) => staged.commit(to),
      link: (to: typeof blob) => store.link(key('layer'), to),
      delete: (to: typeof blob) => store.delete(to),
      append: (to: typeof blob) => store.append(to, bytesOf('ours')),
    }[method];
    await expect(act(blob)).rejects.toMatchObject({ failure: 'unsafe' });
    if (method === 'delete') expect(await store.delete(key('linked/aa'))).toBe(false);
    else await expect(act(key('linked/aa'))).rejects.toMatchObject({ failure: 'unsafe' });
    expect(readdirSync(outside)).toEqual(['aa']);
    expect(readFileSync(`${outside}/aa`, 'utf8')).toBe('outside');
  },
);

test('a read-only disk is `read-only` (injected)', async () => {
  const { store } = await storeOnDisk({ mkdirSync: failing(systemCalls.mkdirSync, 'EROFS') });
  await expect(store.write(blob, bytesOf('x'))).rejects.toMatchObject({ failure: 'read-only' });
  await expect(stageText(store, 'x')).rejects.toMatchObject({ failure: 'read-only' });
});

test.each([0, 0.0000001, 0.9999999])(
  'what we wrote is settled whatever the random part of its mtime is: %d (injected)',
  async (random) => {
    // Of the times of a millisecond, some doubles are whole and others are not: those of a second are.
    const now = Math.floor(Date.now() / 1_000) * 1_000;
    const { store } = await storeOnDisk({ random: () => random, now: () => now });
    expect((await updateAndClose(store, key('team/app/index.json'), replaceBy('ours'))).info?.settled).toBe(true);
  },
);
