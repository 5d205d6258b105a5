// Uploads on disk: what survives, what a failed sync or a full disk leaves, and what is cleared away. Failures are injected.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { newUploadId } from '../../../../src/oci/upload-id.ts';
import { systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import { appendText, key, noChunks, readAll, stageText, textAt } from '../../../contract/store-under-test.ts';
import { newDirectory, storeOnDisk, systemError, tracing } from './store-on-disk.ts';

const blob = key('team/app/blobs/sha256/aa');
const signal = new AbortController().signal;
const mebibyte = 1 << 20;

test('a session is a directory with a record, and data once there is some', async () => {
  const { store, at } = await storeOnDisk();
  const staged = await store.stage(newUploadId(), { repository: 'team/app' });
  const directory = at(`.moorage/uploads/${staged.id}`);
  expect(readdirSync(directory)).toEqual(['record.json']);
  expect(JSON.parse(readFileSync(`${directory}/record.json`, 'utf8'))).toEqual({ repository: 'team/app' });
  await appendText(staged, 'hello');
  expect(readFileSync(`${directory}/data`, 'utf8')).toBe('hello');
  await staged.commit(blob);
  expect(existsSync(directory)).toBe(false);
});

test('starting costs no sync; a small append one, and its commit only those of the directories', async () => {
  const root = newDirectory();
  const { calls, events } = tracing(root);
  const { store } = await storeOnDisk(calls, {}, root);
  await (await stageText(store, 'warm')).commit(blob);
  events.length = 0;
  const staged = await store.stage(newUploadId(), {});
  expect(events).toEqual(['mkdir .moorage/uploads/*', 'write .moorage/uploads/*/record.json']);
  events.length = 0;
  await appendText(staged, 'hello');
  expect(events).toEqual(['fdatasync .moorage/uploads/*/data']);
  events.length = 0;
  await staged.commit(blob);
  expect(events).toEqual([
    'rename .moorage/uploads/*/record.json .moorage/uploads/*/committing.json',
    'rename .moorage/uploads/*/data .moorage/uploads/*/committing',
    'rename .moorage/uploads/*/committing team/app/blobs/sha256/aa',
    'fsync team/app/blobs/sha256',
  ]);
});

test('what an earlier process may not have synced is synced before it is published', async () => {
  const root = newDirectory();
  const first = await storeOnDisk({}, {}, root);
  const { id } = await stageText(first.store, 'hello');
  const { calls, events } = tracing(root);
  const { store } = await storeOnDisk(calls, {}, root);
  await (await store.resume(id))?.commit(blob);
  expect(events.indexOf('fsync .moorage/uploads/*/data')).toBeGreaterThan(-1);
  expect(events.indexOf('fsync .moorage/uploads/*/data')).toBeLessThan(
    events.indexOf('rename .moorage/uploads/*/committing team/app/blobs/sha256/aa'),
  );
});

test('a large append is synced while it goes on, and its session then survives a power cut', async () => {
  const root = newDirectory();
  const { calls, events } = tracing(root);
  const { store } = await storeOnDisk(calls, {}, root);
  const staged = await store.stage(newUploadId(), {});
  events.length = 0;
  const chunks = Array.from({ length: 40 }, (_, i) => Buffer.alloc(mebibyte, i));
  await staged.append(Readable.from(chunks), { signal, onChunk: noChunks });
  expect(events.filter((event) => event.startsWith('fdatasync')).length).toBeGreaterThanOrEqual(2);
  expect(events).toContain('fsync .moorage/uploads/*/record.json');
  expect(events).toContain('fsync .moorage/uploads');
  expect(events.at(-1)).toBe('fsync .moorage/uploads/*');
});

test('a failed sync poisons the upload: it is gone, and no second sync is asked for', async () => {
  let syncs = 0;
  const { store, at } = await storeOnDisk({
    fdatasync: async () => {
      syncs += 1;
      throw systemError('EIO');
    },
  });
  const staged = await store.stage(newUploadId(), {});
  await expect(appendText(staged, 'hello')).rejects.toMatchObject({ failure: 'unavailable' });
  expect(syncs).toBe(1);
  expect(await store.resume(staged.id)).toBeUndefined();
  expect(readdirSync(at('.moorage/uploads'))).toEqual([]);
  await expect(staged.commit(blob)).rejects.toMatchObject({ failure: 'unavailable' });
  await expect(staged.size()).rejects.toMatchObject({ failure: 'unavailable' });
  expect(existsSync(at(blob))).toBe(false);
});

test('a sync that fails in the background ends the append and poisons the upload', async () => {
  let syncs = 0;
  const { store } = await storeOnDisk({
    fdatasync: async (descriptor) => {
      syncs += 1;
      if (syncs === 1) throw systemError('EIO');
      await systemCalls.fdatasync(descriptor);
    },
  });
  const staged = await store.stage(newUploadId(), {});
  const chunks = Array.from({ length: 60 }, () => Buffer.alloc(mebibyte));
  const append = staged.append(Readable.from(chunks), { signal, onChunk: noChunks });
  await expect(append).rejects.toMatchObject({ failure: 'unavailable' });
  expect(await store.resume(staged.id)).toBeUndefined();
});

test('a failed sync before the commit publishes nothing', async () => {
  const root = newDirectory();
  const first = await storeOnDisk({}, {}, root);
  const { id } = await stageText(first.store, 'hello');
  let armed = false;
  const { store, at } = await storeOnDisk(
    {
      fsync: async (descriptor) => {
        if (armed) throw systemError('EIO');
        await systemCalls.fsync(descriptor);
      },
    },
    {},
    root,
  );
  const resumed = await store.resume(id);
  armed = true;
  await expect(resumed?.commit(blob)).rejects.toMatchObject({ failure: 'unavailable' });
  expect(existsSync(at(blob))).toBe(false);
  expect(await store.resume(id)).toBeUndefined();
});

test('a full disk keeps what was written, and the upload goes on when there is space again', async () => {
  let space = 3 * mebibyte;
  const { store, at } = await storeOnDisk({
    writev: async (descriptor, chunks, position) => {
      const first = chunks[0]?.subarray(0, space);
      if (first === undefined || first.byteLength === 0) throw systemError('ENOSPC');
      space -= first.byteLength;
      return systemCalls.writev(descriptor, [first], position);
    },
  });
  const staged = await store.stage(newUploadId(), {});
  const bytes = Buffer.alloc(8 * mebibyte, 'abcdefg');
  const sent = (from: number): Readable =>
    Readable.from(Array.from({ length: 8 }, (_, i) => bytes.subarray(i * mebibyte, (i + 1) * mebibyte)).slice(from));
  const append = staged.append(sent(0), { signal, onChunk: noChunks });
  await expect(append).rejects.toMatchObject({ failure: 'no-space' });
  expect(await staged.size()).toBe(3 * mebibyte);
  space = Number.POSITIVE_INFINITY;
  await staged.append(sent(3), { signal, onChunk: noChunks });
  await staged.commit(blob);
  expect(readFileSync(at(blob)).equals(bytes)).toBe(true);
});

test('a commit that finds no space keeps the upload', async () => {
  let full = true;
  const { store } = await storeOnDisk({
    rename: async (from, to) => {
      if (full) throw systemError('ENOSPC');
      await systemCalls.rename(from, to);
    },
  });
  const staged = await stageText(store, 'hello');
  await expect(staged.commit(blob)).rejects.toMatchObject({ failure: 'no-space' });
  full = false;
  await staged.commit(blob);
  expect(await textAt(store, blob)).toBe('hello');
});

test('short writes are gone on with', async () => {
  const { store } = await storeOnDisk({
    writevSync: (descriptor, chunks, position) => {
      const first = chunks.find((chunk) => chunk.byteLength > 0)?.subarray(0, 5);
      return first === undefined ? 0 : systemCalls.writevSync(descriptor, [first], position);
    },
  });
  const staged = await store.stage(newUploadId(), {});
  const chunks = ['The quick ', 'brown fox ', 'jumps'].map((text) => Buffer.from(text));
  expect(await staged.append(Readable.from(chunks), { signal, onChunk: noChunks })).toBe(25);
  expect((await readAll(staged)).toString()).toBe('The quick brown fox jumps');
});

test('what was cut back is durable', async () => {
  const root = newDirectory();
  const { calls, events } = tracing(root);
  const { store } = await storeOnDisk(calls, {}, root);
  const staged = await stageText(store, 'one-two');
  events.length = 0;
  await staged.truncate(3);
  expect(events).toEqual(['fsync .moorage/uploads/*/data']);
});

test('a new record is durable before it is the record, so that a crash leaves the old or the new one', async () => {
  const root = newDirectory();
  const { calls, events } = tracing(root);
  const { store } = await storeOnDisk(calls, {}, root);
  const staged = await store.stage(newUploadId(), { owner: 'a' });
  events.length = 0;
  await staged.setAttributes({ owner: 'b' });
  expect(events).toEqual([
    'write .moorage/uploads/*/.moorage-*',
    'fsync .moorage/uploads/*/.moorage-*',
    'rename .moorage/uploads/*/.moorage-* .moorage/uploads/*/record.json',
  ]);
});

test.each(['', 'not json', '[]', 'null'])('a damaged record (%j) is no session', async (text) => {
  const { store, at } = await storeOnDisk();
  const staged = await stageText(store, 'hello');
  writeFileSync(at(`.moorage/uploads/${staged.id}/record.json`), text);
  expect(await store.resume(staged.id)).toBeUndefined();
});

test('a session whose record could not be written is not there at all (a full disk)', async () => {
  const { store, at } = await storeOnDisk({
    writeSync: () => {
      throw systemError('ENOSPC');
    },
  });
  await expect(store.stage(newUploadId(), {})).rejects.toMatchObject({ failure: 'no-space' });
  expect(readdirSync(at('.'))).toEqual([]);
});

test('data that somebody made a symbolic link is not written through', async () => {
  const { store, at } = await storeOnDisk();
  const outside = newDirectory();
  writeFileSync(`${outside}/data`, 'outside');
  const staged = await store.stage(newUploadId(), {});
  symlinkSync(`${outside}/data`, at(`.moorage/uploads/${staged.id}/data`));
  await expect(appendText(staged, 'ours')).rejects.toMatchObject({ failure: 'unsafe' });
  expect(readFileSync(`${outside}/data`, 'utf8')).toBe('outside');
});

test('without `.moorage` there are no uploads, and the next one makes it again', async () => {
  const { store, at } = await storeOnDisk();
  const lost = await stageText(store, 'hello');
  rmSync(at('.moorage'), { recursive: true });
  expect(await store.staged()).toEqual([]);
  expect(await store.resume(lost.id)).toBeUndefined();
  await (await stageText(store, 'again')).commit(blob);
  expect(await textAt(store, blob)).toBe('again');
});

test('opening clears away drafts and half-made sessions that are an hour old, and nothing else (the clock is injected)', async () => {
  const root = newDirectory();
  const { store, at } = await storeOnDisk({}, {}, root);
  const staged = await stageText(store, 'hello');
  mkdirSync(at('.moorage/staging'), { recursive: true });
  writeFileSync(at('.moorage/staging/draft'), 'half');
  mkdirSync(at(`.moorage/uploads/${newUploadId()}`));
  const damaged = await stageText(store, 'lost');
  writeFileSync(at(`.moorage/uploads/${damaged.id}/record.json`), '');
  await storeOnDisk({ now: () => Date.now() + 3_000_000 }, {}, root);
  expect(readdirSync(at('.moorage/staging'))).toEqual(['draft']);
  expect(readdirSync(at('.moorage/uploads')).length).toBe(3);
  const { store: later } = await storeOnDisk({ now: () => Date.now() + 7_200_000 }, {}, root);
  expect(readdirSync(at('.moorage/staging'))).toEqual([]);
  expect(readdirSync(at('.moorage/uploads'))).toEqual([staged.id]);
  expect(await (await later.resume(staged.id))?.size()).toBe(5);
});

test('bytes that could not be published stay in the session, to be committed again (injected)', async () => {
  let fail = true;
  const { store, at } = await storeOnDisk({
    rename: async (from, to) => {
      if (fail && to.endsWith('/sha256/aa')) throw systemError('ENOSPC', 'rename');
      return systemCalls.rename(from, to);
    },
  });
  const staged = await stageText(store, 'bytes');
  await expect(staged.commit(blob)).rejects.toMatchObject({ failure: 'no-space' });
  expect(readdirSync(at(`.moorage/uploads/${staged.id}`)).sort()).toEqual(['data', 'record.json']);
  fail = false;
  await staged.commit(blob);
  expect(await textAt(store, blob)).toBe('bytes');
});

test('who takes the upload over while it is committed begins anew, and finds no bytes to write into (injected)', async () => {
  let takeOver: () => void = () => {};
  const { store, at } = await storeOnDisk({
    renameSync: (from, to) => {
      systemCalls.renameSync(from, to);
      if (to.endsWith('/committing')) takeOver();
    },
  });
  const staged = await stageText(store, 'bytes');
  const session = at(`.moorage/uploads/${staged.id}`);
  takeOver = () => {
    writeFileSync(`${session}/record.json`, '{"owner":"another"}\n');
    writeFileSync(`${session}/data`, 'theirs');
  };
  await expect(staged.commit(blob)).rejects.toMatchObject({ failure: 'unavailable' });
  expect(await store.stat(blob)).toBeUndefined();
  expect(readdirSync(session).sort()).toEqual(['data', 'record.json']);
  expect(readFileSync(`${session}/data`, 'utf8')).toBe('theirs');
});

test.each([
  ['before the bytes were moved', 0],
  ['before they were published', 1],
  ['after they were published', 2],
])('an upload whose process was killed while it was committed is none any more: %s', async (_, step) => {
  const root = newDirectory();
  const { store, at } = await storeOnDisk({}, {}, root);
  const staged = await stageText(store, 'bytes');
  const session = at(`.moorage/uploads/${staged.id}`);
  renameSync(`${session}/record.json`, `${session}/committing.json`);
  if (step > 0) renameSync(`${session}/data`, `${session}/committing`);
  if (step > 1) rmSync(`${session}/committing`);
  expect(await store.resume(staged.id)).toBeUndefined();
  expect(await store.staged()).toEqual([]);
  // After an hour nothing is left of it.
  await storeOnDisk({ now: () => Date.now() + 2 * 3_600_000 }, {}, root);
  expect(readdirSync(at('.moorage/uploads'))).toEqual([]);
});

test('what others left in the directory of an upload goes with it, but nothing that a link there leads to', async () => {
  const { store, at } = await storeOnDisk();
  const outside = newDirectory();
  writeFileSync(`${outside}/data`, 'outside');
  const staged = await stageText(store, 'ours');
  const directory = at(`.moorage/uploads/${staged.id}`);
  mkdirSync(`${directory}/deep/deeper`, { recursive: true });
  writeFileSync(`${directory}/deep/deeper/file`, '');
  symlinkSync(outside, `${directory}/deep/link`);
  await staged.discard();
  expect(readdirSync(at('.moorage/uploads'))).toEqual([]);
  expect(readFileSync(`${outside}/data`, 'utf8')).toBe('outside');
  await staged.discard();
});
