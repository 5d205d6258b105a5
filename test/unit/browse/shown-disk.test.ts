// How often the disk is looked at, however many ask.
import { expect, test } from 'vitest';
import { DiskLook } from '../../../src/browse/shown-disk.ts';
import type { Registry } from '../../../src/registry/registry.ts';
import { StorageError } from '../../../src/storage/storage-error.ts';

function looked(tookMs: number, fails = false) {
  let nowMs = 1_000;
  let looks = 0;
  const registry = {
    diskUse: async () => {
      looks += 1;
      nowMs += tookMs;
      if (fails) throw new StorageError('unavailable', 'gone');
      return [];
    },
  } as unknown as Registry;
  const disk = new DiskLook(registry, () => nowMs);
  return { disk, looks: () => looks, pass: (ms: number) => (nowMs += ms) };
}

test('one look serves all who ask meanwhile, and for a minute', async () => {
  const { disk, looks, pass } = looked(100);
  await Promise.all([disk.show(), disk.show(), disk.show()]);
  pass(59_999);
  await disk.show();
  expect(looks()).toBe(1);
  pass(2);
  await disk.show();
  expect(looks()).toBe(2);
});

test('a look that takes long serves ten times as long', async () => {
  const { disk, looks, pass } = looked(30_000);
  await disk.show();
  pass(299_999);
  await disk.show();
  expect(looks()).toBe(1);
  pass(2);
  await disk.show();
  expect(looks()).toBe(2);
});

test('one that fails serves only those who waited for it', async () => {
  const { disk, looks } = looked(1, true);
  const both = await Promise.allSettled([disk.show(), disk.show()]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect(disk.show()).rejects.toThrow('gone');
  expect(looks()).toBe(2);
});
