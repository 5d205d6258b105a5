// Promises about objects under keys: stat, read, open, list, write, append, link, makeDurable, delete.
import { describe, expect, test } from 'vitest';
import type { Key, ObjectStore } from '../../src/storage/object-store.ts';
import { StorageError } from '../../src/storage/storage-error.ts';
import { bytesOf, key, textAt, textOf } from './store-under-test.ts';

const config = key('team/app/blobs/sha256/aa');

export function objectsContract(store: () => ObjectStore): void {
  describe('objects', () => {
    test('what was never written is absent to every reader', async () => {
      for (const absent of [config, key('x'), key('team')]) {
        expect(await store().stat(absent)).toBeUndefined();
        expect(await store().read(absent, 10)).toBeUndefined();
        expect(await store().open(absent)).toBeUndefined();
        expect(await store().makeDurable(absent)).toBeUndefined();
        await store().settle(absent);
        expect(await store().delete(absent)).toBe(false);
        expect(await store().link(absent, key('team/b'))).toBe(false);
      }
    });

    test('while all is well there is no problem, and room', async () => {
      expect(await store().problem()).toBeUndefined();
      await store().assertRoom(1);
    });

    test('what is in a prefix keeps it where empty ones are removed, and one that was removed is made again', async () => {
      await store().write(config, bytesOf('x'));
      await store().write(key('gone/below/a'), bytesOf('x'));
      await store().delete(key('gone/below/a'));
      const rules = { mayGo: () => true, below: (_: Key, names: readonly string[]) => names };
      await store().removeEmpty(key(''), { ...rules, below: () => [] });
      await store().removeEmpty(key(''), rules);
      expect(await textAt(store(), config)).toBe('x');
      // What is put there makes it again.
      await store().write(key('gone/below/a'), bytesOf('y'));
      expect(await textAt(store(), key('gone/below/a'))).toBe('y');
    });

    test('a prefix is no object', async () => {
      await store().write(config, bytesOf('x'));
      expect(await store().stat(key('team/app/blobs'))).toBeUndefined();
      // A store whose prefixes are things of their own refuses, as with everything that stands in the way of an object.
      const read = store().read(key('team/app/blobs'), 10);
      expect(await read.catch((error: StorageError) => error.failure)).toBeOneOf([undefined, 'unsafe']);
      expect(await store().open(key('team/app/blobs'))).toBeUndefined();
    });

    test('nothing is below an object', async () => {
      await store().write(key('team/a'), bytesOf('x'));
      expect(await store().stat(key('team/a/b'))).toBeUndefined();
      expect(await store().read(key('team/a/b'), 10)).toBeUndefined();
      expect(await store().list(key('team/a'))).toEqual([]);
    });

    test('an info is current until the object is replaced or deleted', async () => {
      const first = await store().write(config, bytesOf('one'));
      expect(await store().isCurrent(config, first)).toBe(true);
      const second = await store().write(config, bytesOf('two'));
      expect(await store().isCurrent(config, first)).toBe(false);
      expect(await store().isCurrent(config, second)).toBe(true);
      await store().delete(config);
      expect(await store().isCurrent(config, second)).toBe(false);
      expect(await store().isCurrent(key('never'), second)).toBe(false);
    });

    test('what is created is one object of two names, and nothing that is there is touched', async () => {
      const [shared, other] = [key('.moorage/pool/sha256/aa'), key('team/b')];
      const info = await store().create(bytesOf('hello'), config, shared);
      expect(info?.size).toBe(5);
      expect(info?.hardLinks).toBe(2);
      expect([await textAt(store(), config), await textAt(store(), shared)]).toEqual(['hello', 'hello']);
      expect((await store().stat(shared))?.label).toBe(info?.label);
      expect(await store().create(bytesOf('other'), config, undefined)).toBeUndefined();
      expect(await store().create(bytesOf('other'), other, shared)).toBeUndefined();
      expect([await textAt(store(), config), await textAt(store(), other)]).toEqual(['hello', undefined]);
      expect((await store().create(bytesOf(''), other, undefined))?.hardLinks).toBe(1);
      expect(await store().list(key('team'))).toEqual([
        { name: 'app', kind: 'prefix' },
        { name: 'b', kind: 'object' },
      ]);
    });

    test('a secret stays the same, is another one for each key, and no object that is listed', async () => {
      expect(await store().secret(key('.moorage/one'), 'find')).toBeUndefined();
      const secret = await store().secret(key('.moorage/one'), 'make');
      // Whoever only plans what another would do has none.
      if (secret === undefined) return;
      expect(secret.byteLength).toBe(32);
      for (const how of ['make', 'find'] as const) {
        expect(Buffer.from((await store().secret(key('.moorage/one'), how)) ?? []).equals(secret)).toBe(true);
      }
      expect(Buffer.from((await store().secret(key('.moorage/two'), 'make')) ?? []).equals(secret)).toBe(false);
      expect(await store().list(key(''))).toEqual([]);
    });

    test('what is written is read, with one info for all ways of asking', async () => {
      const info = await store().write(config, bytesOf('hello'));
      expect(info.size).toBe(5);
      expect(info.settled).toBe(true);
      expect(info.hardLinks).toBe(1);
      const object = await store().read(config, 5);
      expect(textOf(object?.bytes)).toBe('hello');
      expect(object?.info.version).toBe(info.version);
      const stat = await store().stat(config);
      expect([stat?.version, stat?.label, stat?.size]).toEqual([info.version, info.label, 5]);
      expect(stat?.settled).toBe(true);
      expect((await store().makeDurable(config))?.version).toBe(info.version);
      await store().settle(key('team/app/blobs/sha256'));
      expect((await store().stat(config))?.version).toBe(info.version);
    });

    test('an empty object is an object', async () => {
      await store().write(config, bytesOf(''));
      expect((await store().read(config, 0))?.bytes.byteLength).toBe(0);
    });

    test('the caller may go on using its bytes', async () => {
      const bytes = bytesOf('hello');
      await store().write(config, bytes);
      bytes.fill(0);
      expect(await textAt(store(), config)).toBe('hello');
    });

    test('an object above the limit is refused, not cut', async () => {
      await store().write(config, bytesOf('hello'));
      const refused = await store()
        .read(config, 4)
        .catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(StorageError);
      expect(refused).toMatchObject({ failure: 'too-large' });
    });

    test('every write makes another version and another label, also with the same bytes', async () => {
      const infos = [];
      for (let i = 0; i < 20; i += 1) infos.push(await store().write(config, bytesOf('same')));
      expect(new Set(infos.map((info) => info.version)).size).toBe(20);
      expect(new Set(infos.map((info) => info.label)).size).toBe(20);
    });

    test('concurrent writes of one key leave one of them whole', async () => {
      const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(1_000 + i));
      await Promise.all(texts.map((text) => store().write(config, bytesOf(text))));
      expect(texts).toContain(await textAt(store(), config));
    });

    test('concurrent first writes below one new prefix all arrive', async () => {
      const keys = Array.from({ length: 16 }, (_, i) => key(`new/${i % 4}/deep/${i}`));
      await Promise.all(keys.map((each) => store().write(each, bytesOf(each))));
      for (const each of keys) expect(await textAt(store(), each)).toBe(each);
    });

    test('appends add up, in order, and create the object', async () => {
      const journal = key('.moorage/journal/team/.journal');
      for (let i = 0; i < 50; i += 1) await store().append(journal, bytesOf(`${i},`));
      const expected = Array.from({ length: 50 }, (_, i) => `${i},`).join('');
      expect(await textAt(store(), journal)).toBe(expected);
    });

    test('an append changes the version, and not what was read before', async () => {
      await store().write(config, bytesOf('one'));
      const before = await store().read(config, 100);
      await store().append(config, bytesOf('two'));
      expect(textOf(before?.bytes)).toBe('one');
      expect((await store().stat(config))?.version).not.toBe(before?.info.version);
      expect(await textAt(store(), config)).toBe('onetwo');
    });
  });

  describe('open', () => {
    test('reads at any offset, past the end nothing', async () => {
      const bytes = Buffer.alloc(300_000, 'abcdefghij');
      await store().write(config, bytes);
      const open = await store().open(config);
      expect(open?.info.size).toBe(300_000);
      for (const [at, length] of [
        [0, 10],
        [7, 70_000],
        [299_995, 5],
        [0, 300_000],
      ] as const) {
        const buffer = Buffer.alloc(length);
        expect(await open?.readInto(buffer, at)).toBe(length);
        expect(buffer.equals(bytes.subarray(at, at + length))).toBe(true);
      }
      expect(await open?.readInto(Buffer.alloc(100), 299_990)).toBe(10);
      expect(await open?.readInto(Buffer.alloc(100), 300_000)).toBe(0);
      await open?.close();
      await open?.close();
    });

    test('goes on reading the version it opened while the key is replaced and deleted', async () => {
      await store().write(config, bytesOf('first'));
      const open = await store().open(config);
      await store().write(config, bytesOf('other'));
      await store().delete(config);
      const buffer = Buffer.alloc(5);
      await open?.readInto(buffer, 0);
      expect(buffer.toString()).toBe('first');
      await open?.close();
    });
  });

  describe('list', () => {
    test('names the direct children in byte order, each once', async () => {
      for (const name of ['b', 'a/x', 'a/y', 'A', 'a.b', 'ü', '😀', 'Ａ', 'c/d/e']) {
        await store().write(key(`team/${name}`), bytesOf(''));
      }
      expect(await store().list(key('team'))).toEqual([
        { name: 'A', kind: 'object' },
        { name: 'a', kind: 'prefix' },
        { name: 'a.b', kind: 'object' },
        { name: 'b', kind: 'object' },
        { name: 'c', kind: 'prefix' },
        { name: 'ü', kind: 'object' },
        // The other way round in UTF-16.
        { name: 'Ａ', kind: 'object' },
        { name: '😀', kind: 'object' },
      ]);
    });

    test('the empty prefix is the root; what the store keeps for itself is not listed', async () => {
      expect(await store().list(key(''))).toEqual([]);
      await store().write(key('team/a'), bytesOf(''));
      await store().write(key('.moorage/pool/x'), bytesOf(''));
      expect(await store().list(key(''))).toEqual([{ name: 'team', kind: 'prefix' }]);
      expect(await store().list(key('.moorage/pool'))).toEqual([{ name: 'x', kind: 'object' }]);
    });

    test('its version stays while nothing comes or goes, and changes with each that does', async () => {
      const prefix = key('team/app/blobs/sha256');
      expect(await store().listingVersion(prefix)).toBeUndefined();
      await store().write(config, bytesOf('x'));
      const [one, other] = [key(`${prefix}/bb`), key(`${prefix}/cc`)];
      const seen = new Set<string | undefined>([await store().listingVersion(prefix)]);
      for (const act of [
        () => store().write(one, bytesOf('b')),
        () => store().link(one, other),
        () => store().delete(config),
        () => store().delete(other),
      ]) {
        await act();
        seen.add(await store().listingVersion(prefix));
      }
      expect(seen.size).toBe(5);
      // Where time stamps tick, only one that is older than a tick can be trusted.
      await expect
        .poll(async () => {
          const versions = [await store().listingVersion(prefix), await store().listingVersion(prefix)];
          return versions[0] === versions[1] && versions[0] !== undefined;
        })
        .toBe(true);
    });

    test('an absent prefix has no children', async () => {
      expect(await store().list(key('nobody/there'))).toEqual([]);
    });
  });

  describe('link', () => {
    const from = key('.moorage/pool/sha256/aa');

    test('shares the bytes of an object under a second key', async () => {
      await store().write(from, bytesOf('layer'));
      expect(await store().link(from, config)).toBe(true);
      expect(await textAt(store(), config)).toBe('layer');
      expect((await store().stat(from))?.hardLinks).toBe(2);
      expect((await store().stat(config))?.hardLinks).toBe(2);
    });

    test('replaces what is there, and may be repeated', async () => {
      await store().write(from, bytesOf('layer'));
      await store().write(config, bytesOf('damaged'));
      for (let i = 0; i < 3; i += 1) expect(await store().link(from, config)).toBe(true);
      expect(await textAt(store(), config)).toBe('layer');
      expect((await store().stat(from))?.hardLinks).toBe(2);
    });

    test('either key may be deleted or replaced without the other noticing', async () => {
      await store().write(from, bytesOf('layer'));
      await store().link(from, config);
      await store().link(from, key('other/blobs/sha256/aa'));
      await store().delete(from);
      await store().write(config, bytesOf('replaced'));
      expect(await textAt(store(), key('other/blobs/sha256/aa'))).toBe('layer');
      expect((await store().stat(key('other/blobs/sha256/aa')))?.hardLinks).toBe(1);
    });

    test('concurrent links from one object all hold', async () => {
      await store().write(from, bytesOf('layer'));
      const keys = Array.from({ length: 12 }, (_, i) => key(`r${i % 6}/blobs/sha256/aa`));
      expect(await Promise.all(keys.map((each) => store().link(from, each)))).toEqual(keys.map(() => true));
      expect((await store().stat(from))?.hardLinks).toBe(7);
    });
  });

  describe('delete', () => {
    test('is true once', async () => {
      await store().write(config, bytesOf('x'));
      expect(await store().delete(config)).toBe(true);
      expect(await store().delete(config)).toBe(false);
      expect(await store().stat(config)).toBeUndefined();
    });
  });
}
