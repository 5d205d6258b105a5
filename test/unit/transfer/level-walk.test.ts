// Walks over a source: the order of what is found, and what a bound cuts off, are the same whoever answers first.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { walkLevels } from '../../../src/transfer/level-walk.ts';

const below: Readonly<Record<string, readonly string[]>> = { a: ['c', 'd'], b: ['e', 'c'], c: ['f'] };

interface Walked {
  readonly read: readonly string[];
  readonly asked: readonly string[];
}

async function walked(concurrency: number, waitMs: (node: string) => number, bound = 10): Promise<Walked> {
  const read: string[] = [];
  const asked: string[] = [];
  const seen = new Set(['a', 'b']);
  await walkLevels(['a', 'b'], {
    concurrency,
    read: async (node) => {
      await sleep(waitMs(node));
      read.push(node);
      return below[node] ?? [];
    },
    admit: (found, above) => {
      asked.push(`${above}${found}`);
      if (seen.has(found) || seen.size >= bound) return undefined;
      seen.add(found);
      return found;
    },
  });
  return { read, asked };
}

describe('a walk by levels', () => {
  it.each([1, 2, 8])(
    'of %i requests at a time asks for what was found in the order of the level',
    async (concurrency) => {
      const { read, asked } = await walked(concurrency, (node) => (node === 'a' ? 20 : 0));
      expect(asked).toEqual(['ac', 'ad', 'be', 'bc', 'cf']);
      expect([...read].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    },
  );

  it('leaves out the same beyond a bound, whoever answers first', async () => {
    for (const slow of ['a', 'b']) {
      const { read } = await walked(8, (node) => (node === slow ? 20 : 0), 4);
      expect([...read].sort()).toEqual(['a', 'b', 'c', 'd']);
    }
  });

  it('ends with the first failure, and with the reason of its signal', async () => {
    const failure = new Error('no answer');
    const read = async () => Promise.reject(failure);
    await expect(walkLevels(['a'], { concurrency: 2, read, admit: () => 'a' })).rejects.toBe(failure);
    const signal = AbortSignal.abort(failure);
    const walk = { concurrency: 2, signal, read: async () => ['a'], admit: () => 'a' };
    await expect(walkLevels(['a'], walk)).rejects.toBe(failure);
  });
});
