// Bodies held in memory: what they take of it is bounded until nobody needs them any more.
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { GatherBudget, gathered } from '../../../src/registry/gathered-body.ts';

const bytes = Buffer.from('ten bytes!');

function gather<Result>(budget: GatherBudget, use: (bytes: Buffer) => Promise<Result>): Promise<Result | undefined> {
  const options = { length: bytes.byteLength, budget, signal: new AbortController().signal, onChunk: () => {} };
  return gathered(Readable.from([bytes]), options, use);
}

const text = async (whole: Buffer) => whole.toString();

it('a body has its share of the memory until it was used, and not for longer', async () => {
  const budget = new GatherBudget(bytes.byteLength);
  let store = () => {};
  const begun = new Promise<void>((begin) => {
    const first = gather(budget, async () => {
      begin();
      await new Promise<void>((done) => {
        store = done;
      });
    });
    first.catch(() => {});
  });
  await begun;
  expect(await gather(budget, text)).toBeUndefined();
  store();
  await expect.poll(() => gather(budget, text)).toBe('ten bytes!');
  await expect(gather(budget, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  expect(await gather(budget, text)).toBe('ten bytes!');
});
