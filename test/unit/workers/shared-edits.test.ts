// Who is told of versions that another program may have written, when whoever owns the layout ends meanwhile.
import { expect, it, vi } from 'vitest';
import type { LayoutPlace } from '../../../src/layout/changes/layout-place.ts';
import type { Registry } from '../../../src/registry/registry.ts';
import { ProcessGoneError } from '../../../src/workers/message-exchange.ts';
import type { GroupMember } from '../../../src/workers/messages.ts';
import { ownerOf } from '../../../src/workers/owner-of.ts';
import { SharedEdits } from '../../../src/workers/shared-edits.ts';
import type { WorkerLink } from '../../../src/workers/worker-link.ts';

const self = { number: 1, place: 0 };
const other = { number: 2, place: 1 };

/** A layout that the other worker owns. */
const place = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  .map((name) => ({ mount: '', prefix: name }) as unknown as LayoutPlace)
  .find(({ mount, prefix }) => ownerOf(`${mount} ${prefix}`, [self, other]) === other) as LayoutPlace;

function worker() {
  let members: readonly GroupMember[] = [self, other];
  const listeners: ((members: readonly GroupMember[]) => void)[] = [];
  const asked: number[] = [];
  let answer: () => Promise<unknown> = async () => undefined;
  const exchange = {
    answer: () => {},
    ask: (to: number) => {
      asked.push(to);
      return answer();
    },
  };
  const link = {
    exchange,
    order: self,
    get members() {
      return members;
    },
    onMembers: (listener: (typeof listeners)[number]) => void listeners.push(listener),
  };
  let looks = 0;
  const foreignRead = () => {
    looks += 1;
  };
  const edits = new SharedEdits(link as unknown as WorkerLink<unknown>);
  edits.serve({ layoutAt: () => ({ changes: { foreignRead } }) } as unknown as Registry);
  const meet = (now: readonly GroupMember[]) => {
    members = now;
    for (const listener of listeners) listener(now);
  };
  return {
    ...{ edits, asked, meet },
    looks: () => looks,
    answersWith: (next: typeof answer) => {
      answer = next;
    },
  };
}

const told = 300;

it('the owner is told, and looks', async () => {
  vi.useFakeTimers();
  const { edits, asked, looks } = worker();
  expect(edits.isToldOf(place)).toBe(true);
  await vi.advanceTimersByTimeAsync(told);
  expect([asked, looks()]).toEqual([[other.number], 0]);
  vi.useRealTimers();
});

it('whoever takes the place of an owner that ended before it was told is told', async () => {
  vi.useFakeTimers();
  const { edits, asked, looks, meet } = worker();
  edits.isToldOf(place);
  meet([self, { number: 3, place: other.place }]);
  await vi.advanceTimersByTimeAsync(told);
  expect([asked, looks()]).toEqual([[3], 0]);
  vi.useRealTimers();
});

it('this process looks where it owns the layout by then', async () => {
  vi.useFakeTimers();
  const { edits, asked, looks, meet } = worker();
  edits.isToldOf(place);
  meet([self]);
  await vi.advanceTimersByTimeAsync(told);
  expect([asked, looks()]).toEqual([[], 1]);
  vi.useRealTimers();
});

it('and where the owner ended before it had looked', async () => {
  vi.useFakeTimers();
  const { edits, asked, looks, meet, answersWith } = worker();
  answersWith(async () => {
    meet([self]);
    throw new ProcessGoneError();
  });
  edits.isToldOf(place);
  await vi.advanceTimersByTimeAsync(told);
  expect([asked, looks()]).toEqual([[other.number], 1]);
  vi.useRealTimers();
});
