// A store in memory refuses what the machine would have no room for, and counts what it lets go.
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { newUploadId } from '../../../../src/oci/upload-id.ts';
import { usualMemoryBytes } from '../../../../src/storage/memory/memory-room.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';
import type { Key } from '../../../../src/storage/object-store.ts';

const limited = (bytes: number) => new MemoryStore(Date.now, bytes);
const free = async (store: MemoryStore) => (await store.room())?.free;
const noSpace = { failure: 'no-space' };
const key = 'a/b' as Key;

async function staged(store: MemoryStore, ...sizes: readonly number[]) {
  const upload = await store.stage(newUploadId(), {});
  for (const size of sizes) await upload.append(Readable.from([Buffer.alloc(size)]), { onChunk: () => {} });
  return upload;
}

describe('a store in memory with a limit', () => {
  it('refuses the chunk that would be too much, and keeps those before it', async () => {
    const store = limited(1_000);
    const upload = await staged(store, 600);
    await expect(upload.append(Readable.from([Buffer.alloc(500)]), { onChunk: () => {} })).rejects.toMatchObject(
      noSpace,
    );
    expect([await upload.size(), await free(store)]).toEqual([600, 400]);
    await expect(store.assertRoom(401)).rejects.toMatchObject(noSpace);
    await store.assertRoom(400);
  });

  it('gives back what is discarded, cut, deleted or replaced, and counts what several keys hold once', async () => {
    const store = limited(1_000);
    await (await staged(store, 300, 300)).discard();
    expect(await free(store)).toBe(1_000);
    const upload = await staged(store, 200, 200);
    await upload.truncate(250);
    expect(await free(store)).toBe(750);
    await upload.commit(key);
    expect(await free(store)).toBe(750);
    await store.link(key, 'other' as Key);
    expect(await free(store)).toBe(750);
    await store.delete(key);
    expect(await free(store)).toBe(750);
    await store.move('other' as Key, key);
    await store.write(key, Buffer.alloc(10));
    expect(await free(store)).toBe(990);
    await store.append(key, Buffer.alloc(10));
    const held = 1_000 - ((await free(store)) ?? 0);
    expect(held).toBeGreaterThanOrEqual(20);
    await store.delete(key);
    expect(await free(store)).toBe(1_000);
  });

  it('needs room for a blob twice while its upload becomes one piece', async () => {
    const store = limited(1_000);
    const upload = await staged(store, 600);
    await expect(upload.commit(key)).rejects.toMatchObject(noSpace);
    expect([await store.stat(key), await upload.size()]).toEqual([undefined, 600]);
  });

  it('takes lists and records also when it is full', async () => {
    const store = limited(100);
    await staged(store, 100);
    await store.write(key, Buffer.alloc(50));
    expect(await free(store)).toBe(0);
  });
});

it('is half of the machine, unless somebody says another', () => {
  expect(usualMemoryBytes()).toBeGreaterThan(64 * 1024 * 1024);
  expect(Number.isInteger(usualMemoryBytes())).toBe(true);
});
