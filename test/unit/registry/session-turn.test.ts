// Turns of the requests to a session.
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Interruption, SessionTurn } from '../../../src/registry/session-turn.ts';

/** Holds the session until it is let go. */
function holder(turn: SessionTurn, order: string[], name: string) {
  let letGo = () => {};
  let interruption: Interruption | undefined;
  const done = turn.take(async (given) => {
    interruption = given;
    order.push(`${name} holds`);
    await new Promise<void>((resolve) => {
      letGo = resolve;
    });
    order.push(`${name} ends`);
  });
  return { done, letGo: () => letGo(), aborted: () => interruption?.aborted && interruption.signal.aborted };
}

describe('SessionTurn', () => {
  it('lets one request in at a time, in the order they came', async () => {
    const turn = new SessionTurn();
    const order: string[] = [];
    const [first, second] = [holder(turn, order, 'first'), holder(turn, order, 'second')];
    await turnOfTheLoop();
    expect(order).toEqual(['first holds']);
    first.letGo();
    await first.done;
    await turnOfTheLoop();
    second.letGo();
    await second.done;
    expect(order).toEqual(['first holds', 'first ends', 'second holds', 'second ends']);
  });

  it('asks whoever came before to let go: the holder, and those that wait', async () => {
    const turn = new SessionTurn();
    const requests = ['first', 'second', 'third'].map((name) => holder(turn, [], name));
    for (const [at, request] of requests.entries()) {
      await turnOfTheLoop();
      expect(request.aborted()).toBe(at < 2);
      request.letGo();
      await request.done;
    }
  });

  it('goes on after a request that failed', async () => {
    const turn = new SessionTurn();
    await expect(turn.take(() => Promise.reject(new Error('lost connection')))).rejects.toThrow('lost connection');
    expect(await turn.take(async () => 5)).toBe(5);
  });

  it('is busy while somebody holds it or waits for it', async () => {
    const turn = new SessionTurn();
    expect(turn.busy).toBe(false);
    const [first, second] = [holder(turn, [], 'first'), holder(turn, [], 'second')];
    await turnOfTheLoop();
    first.letGo();
    await first.done;
    expect(turn.busy).toBe(true);
    await turnOfTheLoop();
    second.letGo();
    await second.done;
    expect(turn.busy).toBe(false);
  });
});
