// Memory for bodies, shared: who gets it, who waits, and who is told to come back.
import { describe, expect, it } from 'vitest';
import { BodyBudget } from '../../../src/http/body-budget.ts';

const patient = 60_000;
const here = () => new AbortController().signal;

/** Reservations by name, in the order in which they were granted. */
function budgetOf(bytes: number, maxWaitMs = patient) {
  const budget = new BodyBudget(bytes, maxWaitMs, 'manifest');
  const granted: string[] = [];
  const ask = async (name: string, address: string, size: number) => {
    const giveBack = await budget.reserve({ address, size }, here());
    granted.push(name);
    return giveBack;
  };
  return { budget, granted, ask };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a body', () => {
  it('waits until there is memory for it, one after the other', async () => {
    const { granted, ask } = budgetOf(10);
    const first = await ask('first', 'a', 5);
    const second = await ask('second', 'b', 5);
    const waiting = [ask('third', 'c', 5), ask('fourth', 'd', 5)];
    await turn();
    expect(granted).toEqual(['first', 'second']);
    first();
    await waiting[0];
    expect(granted).toEqual(['first', 'second', 'third']);
    second();
    await waiting[1];
    expect(granted).toEqual(['first', 'second', 'third', 'fourth']);
  });

  it('that is small passes a large one that waits', async () => {
    const { granted, ask } = budgetOf(10);
    await ask('first', 'a', 4);
    void ask('large', 'b', 5);
    void ask('too large now', 'c', 5);
    await ask('small', 'c', 1);
    expect(granted).toEqual(['first', 'large', 'small']);
  });

  it('of an address that holds half already waits, and keeps nobody else waiting', async () => {
    const { granted, ask } = budgetOf(10);
    const first = await ask('first', 'greedy', 5);
    const waiting = ask('second', 'greedy', 5);
    await ask('another', 'b', 5);
    expect(granted).toEqual(['first', 'another']);
    first();
    await waiting;
    expect(granted).toEqual(['first', 'another', 'second']);
  });

  it('that has waited for too long is refused, and takes nothing when memory comes', async () => {
    const { ask } = budgetOf(10, 20);
    const first = await ask('first', 'a', 5);
    const second = await ask('second', 'b', 5);
    await expect(ask('third', 'c', 5)).rejects.toMatchObject({ code: 'UNAVAILABLE', status: 503 });
    await expect(ask('third', 'c', 5)).rejects.toMatchObject({ headers: { 'Retry-After': expect.any(String) } });
    first();
    second();
    await ask('all of it', 'a', 5);
    await ask('all of it', 'b', 5);
  });

  it('whose client has gone waits no longer', async () => {
    const { budget, granted, ask } = budgetOf(10);
    const first = await ask('first', 'a', 5);
    await ask('second', 'b', 5);
    const gone = new AbortController();
    const left = budget.reserve({ address: 'c', size: 5 }, gone.signal);
    const waiting = ask('third', 'd', 5);
    gone.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    first();
    await waiting;
    expect(granted).toEqual(['first', 'second', 'third']);
  });
});
