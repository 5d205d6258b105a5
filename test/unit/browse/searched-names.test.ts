// How often all names are gone through, however many search.
import { expect, test } from 'vitest';
import { SearchedNames } from '../../../src/browse/searched-names.ts';
import type { Registry } from '../../../src/registry/registry.ts';

function searched({ fails = false } = {}) {
  let nowMs = 1_000;
  let walks = 0;
  const registry = {
    catalog: async () => {
      walks += 1;
      await Promise.resolve();
      if (fails) throw new Error('gone');
      return { items: ['app', 'base', 'team/app'], more: false };
    },
  } as unknown as Registry;
  const names = new SearchedNames(registry, () => nowMs);
  return { names, walks: () => walks, pass: (ms: number) => (nowMs += ms) };
}

test('one walk serves all who search meanwhile, and for five seconds', async () => {
  const { names, walks, pass } = searched();
  const found = await Promise.all(['a', 'app', 'zzz'].map((text) => names.holding(text, undefined)));
  expect(found).toEqual([['app', 'base', 'team/app'], ['app', 'team/app'], []]);
  pass(4_999);
  expect(await names.holding('app', (name) => name !== 'app')).toEqual(['team/app']);
  expect(walks()).toBe(1);
  pass(2);
  await names.holding('app', undefined);
  expect(walks()).toBe(2);
});

test('a walk that failed is tried again by the next one, and a client that left does not end it', async () => {
  const { names, walks } = searched({ fails: true });
  await expect(names.holding('app', undefined)).rejects.toThrow('gone');
  await expect(names.holding('app', undefined)).rejects.toThrow('gone');
  expect(walks()).toBe(2);
  const other = searched();
  const gone = AbortSignal.abort(new Error('left'));
  const both = [other.names.holding('app', undefined, gone), other.names.holding('app', undefined)] as const;
  await expect(both[0]).rejects.toThrow('left');
  expect((await both[1]).length).toBe(2);
  expect(other.walks()).toBe(1);
});
