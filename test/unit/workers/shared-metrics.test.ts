// What other workers count: told when they are asked, and left out where they say nothing.
import { expect, it } from 'vitest';
import { counterOf, type Family, plain } from '../../../src/metrics/family.ts';
import { ProcessGoneError } from '../../../src/workers/message-exchange.ts';
import type { GroupMember } from '../../../src/workers/messages.ts';
import { type MetricsLink, SharedMetrics } from '../../../src/workers/shared-metrics.ts';

const counted = (value: number): readonly Family[] => [counterOf('x_total', 'X.', plain(value))];

/** The first of `workers`; `answers` are those of the others, by number. */
function first(workers: number, answers: Readonly<Record<number, () => Promise<unknown>>>) {
  let own: (() => Promise<unknown>) | undefined;
  const members: readonly GroupMember[] = [1, ...Object.keys(answers).map(Number)].map((number) => ({
    number,
    place: number - 1,
  }));
  const exchange = {
    ask: (to: number) => answers[to]?.(),
    answer: (_topic: string, read: () => Promise<unknown>) => {
      own = read;
    },
  };
  const link = { members, exchange, order: { number: 1, workers } } as unknown as MetricsLink;
  return { shared: new SharedMetrics(link, 20), own: () => own?.() };
}

it('all others are asked, and not this one', async () => {
  const { shared } = first(3, { 2: async () => counted(2), 3: async () => counted(3) });
  expect(await shared.ask()).toEqual({ answers: [counted(2), counted(3)], silent: 0 });
});

it('one that stands still, one that ends, and one that is not there yet are left out and counted', async () => {
  const gone = async () => Promise.reject(new ProcessGoneError('process 3 of the server ended'));
  const { shared } = first(5, { 2: () => new Promise(() => {}), 3: gone, 4: async () => counted(4) });
  expect(await shared.ask()).toEqual({ answers: [counted(4)], silent: 3 });
});

it('what one refuses is no silence', async () => {
  const { shared } = first(2, { 2: async () => Promise.reject(new TypeError('a defect')) });
  await expect(shared.ask()).rejects.toThrow('a defect');
});

it('this one answers with what it reads', async () => {
  const { shared, own } = first(2, {});
  shared.serve(async () => counted(1));
  expect(await own()).toEqual(counted(1));
});
