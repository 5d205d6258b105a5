// A turn begins with its first request, and ends when the event loop has handled what came with it.
import { setImmediate as afterTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { RequestTurns } from '../../../src/storage/request-turns.ts';

it('is none before a request arrived, and the same for all that arrive together', async () => {
  const turns = new RequestTurns();
  expect(turns.current).toBeUndefined();
  turns.arrived();
  const first = turns.current;
  expect(first).toBeDefined();
  await Promise.resolve();
  turns.arrived();
  expect(turns.current).toBe(first);
});

it('is over with the turn, and another one the next time', async () => {
  const turns = new RequestTurns();
  turns.arrived();
  const first = turns.current;
  await afterTurn();
  expect(turns.current).toBeUndefined();
  turns.arrived();
  expect(turns.current).not.toBe(first);
});
