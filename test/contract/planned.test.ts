// Changes that are only planned keep the promises of the storage seam, and leave what they are planned over as it is.
import { expect, it } from 'vitest';
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import { PlannedStore } from '../../src/storage/planned/planned-store.ts';
import { objectStoreContract } from './object-store.contract.ts';
import { bytesOf, key, replaceBy, textAt, updateAndClose } from './store-under-test.ts';

objectStoreContract('planned', async () => {
  const base = new MemoryStore();
  const store = new PlannedStore(base, Date.now);
  return {
    store,
    another: async () => store,
    leftovers: async () => (await base.list(key(''))).map(({ name }) => name),
    dispose: async () => {},
  };
});

it('what is there is read, moved, linked, appended to, replaced and deleted, and stays', async () => {
  const base = new MemoryStore();
  for (const name of ['a/kept', 'a/moved', 'a/linked', 'a/longer', 'a/replaced', 'a/deleted'])
    await base.write(key(name), bytesOf(name));
  const before = await base.list(key('a'));
  const store = new PlannedStore(base, Date.now);
  expect(await store.move(key('a/moved'), key('b/moved'))).toBe(true);
  expect(await store.link(key('a/linked'), key('b/linked'))).toBe(true);
  await store.append(key('a/longer'), bytesOf(' and more'));
  await updateAndClose(store, key('a/replaced'), replaceBy('new'));
  expect(await store.delete(key('a/deleted'))).toBe(true);
  expect(await store.delete(key('a/deleted'))).toBe(false);
  expect((await store.list(key('a'))).map(({ name }) => name)).toEqual(['kept', 'linked', 'longer', 'replaced']);
  expect((await store.list(key('b'))).map(({ name }) => name)).toEqual(['linked', 'moved']);
  expect(await textAt(store, key('b/moved'))).toBe('a/moved');
  expect(await textAt(store, key('a/longer'))).toBe('a/longer and more');
  expect(await textAt(store, key('a/replaced'))).toBe('new');
  expect((await store.stat(key('a/linked')))?.hardLinks).toBe(2);
  expect((await store.stat(key('b/moved')))?.hardLinks).toBe(1);
  await store.delete(key('a/linked'));
  expect((await store.stat(key('b/linked')))?.hardLinks).toBe(1);
  // What was made again is there.
  await store.write(key('a/deleted'), bytesOf('again'));
  expect(await textAt(store, key('a/deleted'))).toBe('again');
  expect(await base.list(key('a'))).toEqual(before);
  for (const { name } of before) expect(await textAt(base, key(`a/${name}`))).toBe(`a/${name}`);
  expect(await base.list(key('b'))).toEqual([]);
});
