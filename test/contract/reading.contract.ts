// What a driver that only reads promises too: the reading half of src/storage/object-store.ts, over objects that are there already.
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ObjectReader } from '../../src/storage/object-store.ts';
import { key, textOf } from './store-under-test.ts';

/** `open` gives a reader that holds exactly these objects. */
export type OpenWith = (objects: Readonly<Record<string, Uint8Array>>) => Promise<ObjectReader>;

export function readingContract(name: string, open: OpenWith): void {
  const storeOf = async (objects: Readonly<Record<string, string>>): Promise<ObjectReader> => {
    const entries = Object.entries(objects).map(([at, text]) => [at, Buffer.from(text)] as const);
    const store = await open(Object.fromEntries(entries));
    onTestFinished(() => store.close());
    return store;
  };

  describe(`${name}: reading`, () => {
    test('what is not there is absent to every reader', async () => {
      const store = await storeOf({ 'team/a': 'text', 'index.json': '{}' });
      const [info, other] = [await store.stat(key('team/a')), key('index.json')];
      if (info === undefined) throw new Error('team/a is absent');
      for (const absent of ['x', 'team', 'team/b', 'team/a/b', '']) {
        expect(await store.stat(key(absent))).toBeUndefined();
        expect(await store.open(key(absent))).toBeUndefined();
        expect(await store.glance(key(absent))).toBeUndefined();
        expect(await store.isCurrent(key(absent), info)).toBe(false);
      }
      expect(await store.isCurrent(other, info)).toBe(false);
      expect(await store.read(key('x'), 10)).toBeUndefined();
      expect(await store.read(key('team/a/b'), 10)).toBeUndefined();
      for (const absent of ['x', 'team/a', 'team/b']) expect(await store.list(key(absent))).toEqual([]);
    });

    test('one info for all ways of asking, and it stays current', async () => {
      const store = await storeOf({ 'team/a': 'hello', 'team/b': 'hello' });
      const info = await store.stat(key('team/a'));
      if (info === undefined) throw new Error('team/a is absent');
      const [read, opened] = [await store.read(key('team/a'), 5), await store.open(key('team/a'))];
      for (const each of [read?.info, opened?.info]) {
        expect([each?.size, each?.version, each?.label, each?.hardLinks]).toEqual([5, info.version, info.label, 1]);
        expect(each?.modifiedAtMs).toBe(info.modifiedAtMs);
      }
      expect(await store.glance(key('team/a'))).toBe(5);
      expect(await store.isCurrent(key('team/a'), info)).toBe(true);
      expect((await store.stat(key('team/b')))?.version).not.toBe(info.version);
      await opened?.close();
    });

    test('an empty object is an object', async () => {
      const store = await storeOf({ a: '', b: 'x' });
      expect((await store.read(key('a'), 0))?.bytes.byteLength).toBe(0);
      const opened = await store.open(key('a'));
      expect(await opened?.readInto(Buffer.alloc(10), 0)).toBe(0);
      await opened?.close();
    });

    test('an object above the limit is refused, not cut', async () => {
      const store = await storeOf({ a: 'hello' });
      await expect(store.read(key('a'), 4)).rejects.toMatchObject({ failure: 'too-large' });
      expect(textOf((await store.read(key('a'), 5))?.bytes)).toBe('hello');
    });

    test('an open object is read at any offset, past the end nothing', async () => {
      const bytes = Buffer.alloc(300_000, 'abcdefghij');
      const store = await open({ before: Buffer.from('x'), a: bytes, behind: Buffer.alloc(1_000, 'y') });
      onTestFinished(() => store.close());
      const opened = await store.open(key('a'));
      for (const [at, length] of [
        [0, 10],
        [7, 70_000],
        [299_995, 5],
        [0, 300_000],
      ] as const) {
        const buffer = Buffer.alloc(length);
        expect(await opened?.readInto(buffer, at)).toBe(length);
        expect(buffer.equals(bytes.subarray(at, at + length))).toBe(true);
      }
      const beyond = Buffer.alloc(100, 'z');
      expect(await opened?.readInto(beyond, 299_990)).toBe(10);
      expect(beyond.subarray(10).equals(Buffer.alloc(90, 'z'))).toBe(true);
      expect(await opened?.readInto(beyond, 300_000)).toBe(0);
      expect(await opened?.readInto(beyond, 400_000)).toBe(0);
      await opened?.close();
      await opened?.close();
    });

    test('direct children are listed in byte order, each once', async () => {
      const names = ['b', 'a/x', 'a/y/z', 'A', 'a.b', 'a-b/c', 'a0', 'ü', '\u{1f600}', '\uffee', 'c/d/e'];
      const store = await storeOf(Object.fromEntries(names.map((each) => [`team/${each}`, ''])));
      expect(await store.list(key('team'))).toEqual([
        { name: 'A', kind: 'object' },
        { name: 'a', kind: 'prefix' },
        { name: 'a-b', kind: 'prefix' },
        { name: 'a.b', kind: 'object' },
        { name: 'a0', kind: 'object' },
        { name: 'b', kind: 'object' },
        { name: 'c', kind: 'prefix' },
        { name: 'ü', kind: 'object' },
        { name: '\uffee', kind: 'object' },
        { name: '\u{1f600}', kind: 'object' },
      ]);
      expect(await store.list(key(''))).toEqual([{ name: 'team', kind: 'prefix' }]);
      expect(await store.list(key('team/a'))).toEqual([
        { name: 'x', kind: 'object' },
        { name: 'y', kind: 'prefix' },
      ]);
    });
  });
}
