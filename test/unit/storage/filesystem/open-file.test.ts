// An open object: small reads at once, large ones by a thread, and a descriptor that no read outlives.
import { readSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import { key } from '../../../contract/store-under-test.ts';
import { storeOnDisk } from './store-on-disk.ts';

const blob = key('blob');

test('gives a descriptor that others may read from', async () => {
  const { store, at } = await storeOnDisk();
  writeFileSync(at(blob), 'hello');
  const open = await store.open(blob);
  const buffer = Buffer.alloc(5);
  expect(readSync(open?.fileDescriptor ?? -1, buffer, 0, 5, 0)).toBe(5);
  expect(buffer.toString()).toBe('hello');
  await open?.close();
});

test('closed while it is read: the descriptor stays open until the read has ended (injected)', async () => {
  const closed: number[] = [];
  let finish: () => void = () => {};
  const { store, at } = await storeOnDisk({
    closeSync: (descriptor) => {
      closed.push(descriptor);
      systemCalls.closeSync(descriptor);
    },
    read: async (...args) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return systemCalls.read(...args);
    },
  });
  const bytes = Buffer.alloc(200_000, 'abc');
  writeFileSync(at(blob), bytes);
  const open = await store.open(blob);
  const buffer = Buffer.alloc(200_000);
  closed.length = 0;
  const reading = open?.readInto(buffer, 0);
  await open?.close();
  await open?.close();
  expect(closed).toEqual([]);
  finish();
  expect(await reading).toBe(200_000);
  expect(buffer.equals(bytes)).toBe(true);
  expect(closed).toEqual([open?.fileDescriptor]);
  await expect(open?.readInto(buffer, 0)).rejects.toMatchObject({ failure: 'unavailable' });
});

test('an I/O error is `unavailable` (injected)', async () => {
  const { store, at } = await storeOnDisk({
    readSync: () => {
      throw Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'read' });
    },
  });
  writeFileSync(at(blob), 'hello');
  const open = await store.open(blob);
  await expect(open?.readInto(Buffer.alloc(5), 0)).rejects.toMatchObject({ failure: 'unavailable' });
  await open?.close();
});
