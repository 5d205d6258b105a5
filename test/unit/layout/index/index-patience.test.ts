// Who waits for an index.json that is not whole, and for how long.
import { describe, expect, it } from 'vitest';
import { layoutKeys } from '../../../../src/layout/files/keys.ts';
import { ForeignIndexError, IndexUnreadableError } from '../../../../src/layout/index/index-document.ts';
import { readIndexDocument, type WaitOptions, whileUnfinished } from '../../../../src/layout/index/index-patience.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';
import { StorageError } from '../../../../src/storage/storage-error.ts';

const unfinished = new IndexUnreadableError('half of it');

/** Fails so many times, and then gives how often it was tried. Each try takes a third of a second. */
async function tries(failures: number, error: Error, options: Omit<WaitOptions, 'clock'> = {}): Promise<number> {
  let count = 0;
  let nowMs = 0;
  const work = async () => {
    count += 1;
    nowMs += 333;
    if (count <= failures) throw error;
    return count;
  };
  return whileUnfinished(work, { clock: { elapsed: () => nowMs }, ...options });
}

describe('what is half written', () => {
  it('is read again until it is whole', async () => {
    expect(await tries(0, unfinished)).toBe(1);
    expect(await tries(3, unfinished)).toBe(4);
  });

  it('is waited for no longer than a second, or less where somebody says so', async () => {
    await expect(tries(4, unfinished)).rejects.toBe(unfinished);
    await expect(tries(1, unfinished, { patienceMs: 200 })).rejects.toBe(unfinished);
  });

  it.each([
    ['is whole and something else', new ForeignIndexError('a web project')],
    ['cannot be read', new StorageError('unavailable', 'the disk')],
  ])('and what %s is not waited for', async (_, error) => {
    await expect(tries(1, error)).rejects.toBe(error);
  });

  it('may be told by somebody who knows more', async () => {
    const error = new Error('of another kind');
    expect(await tries(1, error, { mayPass: (each) => each === error })).toBe(2);
    await expect(tries(1, unfinished, { mayPass: () => false })).rejects.toBe(unfinished);
  });
});

it('a document is what is there now, and nothing where nothing is', async () => {
  const store = new MemoryStore();
  const { index } = layoutKeys('');
  expect(await readIndexDocument(store, index)).toBeUndefined();
  await store.write(index, Buffer.from('{"schemaVersion":2,"manifests":[]}'));
  expect(await readIndexDocument(store, index)).toMatchObject({ entries: [] });
  await expect(readIndexDocument(store, index, 10)).rejects.toThrow(StorageError);
});
