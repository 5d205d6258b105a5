// A replacement for which there is no space: what it had written before is taken back, unless it is needed.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import { bytesOf, key, textOf } from '../../../contract/store-under-test.ts';
import { failing, storeOnDisk, systemError } from './store-on-disk.ts';

const index = key('team/app/index.json');

test('what was to be there first is taken back when the replacement has no space, unless it was there (injected)', async () => {
  const { store, at } = await storeOnDisk({
    writeSync: failing(systemCalls.writeSync, 'ENOSPC', (_, bytes) => textOf(bytes) === 'index'),
  });
  const first = ['there', 'new'].map((name) => ({ key: key(`team/app/blobs/${name}`), bytes: bytesOf(name) }));
  await store.write(key('team/app/blobs/there'), bytesOf('there'));
  const update = store.update(index, async () => ({
    bytes: bytesOf('index'),
    first,
    record: () => [],
    note: () => [],
    remove: [],
  }));
  await expect(update).rejects.toMatchObject({ failure: 'no-space' });
  expect(readdirSync(at('team/app/blobs'))).toEqual(['there']);
});

test('what is visible keeps what had to be there first, also when its directory cannot be synced (injected)', async () => {
  let isFull = false;
  const { store, at } = await storeOnDisk({
    linkSync: (from, to) => {
      systemCalls.linkSync(from, to);
      isFull = true;
    },
    fsync: async (descriptor) => {
      if (isFull) throw systemError('ENOSPC');
      return systemCalls.fsync(descriptor);
    },
  });
  const first = [{ key: key('team/app/oci-layout'), bytes: bytesOf('{}') }];
  const update = store.update(index, async () => ({
    bytes: bytesOf('index'),
    first,
    record: () => [],
    note: () => [],
    remove: [],
  }));
  await expect(update).rejects.toMatchObject({ failure: 'no-space' });
  expect(readdirSync(at('team/app')).sort()).toEqual(['index.json', 'oci-layout']);
});

const pieces = ['one', 'two', 'three'].map((text) => ({ key: key('.journal'), bytes: bytesOf(`${text}\n`) }));

function recorded(store: Awaited<ReturnType<typeof storeOnDisk>>['store']) {
  const record = () => pieces;
  return store.update(index, async () => ({ bytes: bytesOf('index'), first: [], record, note: () => [], remove: [] }));
}

test.each(['one', 'three'])(
  'a record that is begun in pieces, of which %s has no space, is taken back (injected)',
  async (piece) => {
    const { store, at } = await storeOnDisk({
      writeSync: failing(systemCalls.writeSync, 'ENOSPC', (_, bytes) => textOf(bytes) === `${piece}\n`),
    });
    await expect(recorded(store)).rejects.toMatchObject({ failure: 'no-space' });
    expect(readdirSync(at(''))).not.toContain('.journal');
    expect(existsSync(at('team/app/index.json'))).toBe(false);
  },
);

test('a record that goes on with what was there keeps it when a piece of it has no space (injected)', async () => {
  let isFull = false;
  const { store, at } = await storeOnDisk({
    writeSync: failing(systemCalls.writeSync, 'ENOSPC', (_, bytes) => isFull && textOf(bytes) === 'three\n'),
  });
  await store.append(key('.journal'), bytesOf('there\n'));
  isFull = true;
  await expect(recorded(store)).rejects.toMatchObject({ failure: 'no-space' });
  expect(readFileSync(at('.journal'), 'utf8')).toMatch(/^there\n/);
});
