// Bodies held in memory: what they take of it is bounded until nobody needs them any more.
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { GatherBudget, gathered } from '../../../src/registry/gathered-body.ts';

const bytes = Buffer.from('ten bytes!');
const signal = () => new AbortController().signal;

function gather<Result>(budget: GatherBudget, use: (bytes: Buffer) => Promise<Result>): Promise<Result | undefined> {
  const options = { length: bytes.byteLength, budget, isAborted: false, signal, onChunk: () => {} };
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

/** As node:http gives it once its parser has seen the end. */
const received = (some: Buffer) => Object.assign(Readable.from([some], { objectMode: false }), { complete: true });

it('a body that has come is taken at once: nothing waits for it, and no more is taken than it said', async () => {
  const use = async (whole: Buffer) => whole.toString();
  const begin = async (body: Readable, length = bytes.byteLength) => {
    body.read(0);
    await new Promise((resolve) => body.once('readable', resolve));
    let asked = 0;
    const counted = () => {
      asked += 1;
      return signal();
    };
    const options = { length, budget: new GatherBudget(), isAborted: false, signal: counted, onChunk: () => {} };
    return { asked: () => asked, result: await gathered(body, options, use) };
  };
  const whole = received(bytes);
  const { asked, result } = await begin(whole);
  expect([asked(), result]).toEqual([0, 'ten bytes!']);
  expect(whole.readableLength).toBe(0);
  // It says that it is longer, and ends before.
  const short = await begin(received(bytes), 11);
  expect(short.asked()).toBe(1);
  const pending = await begin(Readable.from([bytes], { objectMode: false }));
  expect([pending.asked(), pending.result]).toEqual([1, 'ten bytes!']);
});

it('a body that nobody is to read any more is not begun', async () => {
  const body = received(bytes);
  const reason = new Error('another request');
  const options = { length: bytes.byteLength, budget: new GatherBudget(), isAborted: true, onChunk: () => {} };
  const gathering = gathered(body, { ...options, signal: () => AbortSignal.abort(reason) }, text);
  await expect(gathering).rejects.toBe(reason);
});
