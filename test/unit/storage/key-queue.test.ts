// The queue in front of every lock.
import { expect, test } from 'vitest';
import { KeyQueue } from '../../../src/storage/key-queue.ts';

/** A job that ends when told to, and notes when it began. */
function job(name: string, begun: string[]) {
  let end: (error?: Error) => void = () => {};
  const ended = new Promise<string>((resolve, reject) => {
    end = (error) => (error === undefined ? resolve(name) : reject(error));
  });
  const run = (): Promise<string> => {
    begun.push(name);
    return ended;
  };
  return { run, end: (error?: Error) => end(error) };
}

test('jobs of one key run one after another, in the order they came, each with its own result', async () => {
  const queue = new KeyQueue();
  const begun: string[] = [];
  const [one, two, three] = [job('one', begun), job('two', begun), job('three', begun)];
  const results = [queue.run('k', one.run), queue.run('k', two.run), queue.run('k', three.run)];
  three.end();
  two.end();
  await Promise.resolve();
  expect(begun).toEqual(['one']);
  one.end();
  expect(await Promise.all(results)).toEqual(['one', 'two', 'three']);
  expect(begun).toEqual(['one', 'two', 'three']);
});

test('a job that fails does not hold up the next, and fails only for its own caller', async () => {
  const queue = new KeyQueue();
  const failed = queue.run('k', () => Promise.reject(new Error('first')));
  const next = queue.run('k', async () => 'second');
  await expect(failed).rejects.toThrow('first');
  expect(await next).toBe('second');
});

test('other keys do not wait', async () => {
  const queue = new KeyQueue();
  const begun: string[] = [];
  const slow = job('slow', begun);
  const waiting = queue.run('a', slow.run);
  expect(await queue.run('b', async () => 'fast')).toBe('fast');
  slow.end();
  await waiting;
});

test('idle waits for all, also for what is queued meanwhile', async () => {
  const queue = new KeyQueue();
  const begun: string[] = [];
  const first = job('first', begun);
  const second = job('second', begun);
  void queue.run('a', first.run).then(() => queue.run('b', second.run));
  let isIdle = false;
  const idle = queue.idle().then(() => {
    isIdle = true;
  });
  first.end();
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun).toEqual(['first', 'second']);
  expect(isIdle).toBe(false);
  second.end();
  await idle;
  await new KeyQueue().idle();
});
