// Turns of a session, and the hash that runs beside its bytes.
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import { SessionHash, SessionTurn } from '../../../src/registry/upload-session.ts';

/** Holds the session until it is let go. */
function holder(turn: SessionTurn, order: string[], name: string) {
  let letGo = () => {};
  let signal: AbortSignal | undefined;
  const done = turn.take(async (given) => {
    signal = given;
    order.push(`${name} holds`);
    await new Promise<void>((resolve) => {
      letGo = resolve;
    });
    order.push(`${name} ends`);
  });
  return { done, letGo: () => letGo(), aborted: () => signal?.aborted };
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

describe('SessionHash', () => {
  const bytes = Buffer.from('moorage');

  it('gives the digest of exactly the bytes it saw, with its algorithm only', () => {
    const hash = new SessionHash('sha256');
    hash.continueAt(0);
    hash.update(bytes.subarray(0, 4));
    hash.continueAt(4);
    hash.update(bytes.subarray(4));
    expect(hash.digestOf(7, 'sha256')).toBe(digestOf(bytes));
    expect(hash.digestOf(7, 'sha512')).toBeUndefined();
    expect(hash.digestOf(6, 'sha256')).toBeUndefined();
    expect(hash.digestOf(8, 'sha256')).toBeUndefined();
  });

  it('gives none once other bytes stand before the next ones: after a restart, a lie, a lost connection', () => {
    for (const size of [3, 5]) {
      const hash = new SessionHash('sha256');
      hash.continueAt(0);
      hash.update(bytes.subarray(0, 4));
      hash.continueAt(size);
      hash.update(bytes.subarray(size));
      expect(hash.digestOf(7, 'sha256')).toBeUndefined();
    }
  });

  it('of nothing is the digest of no bytes', () => {
    expect(new SessionHash('sha512').digestOf(0, 'sha512')).toBe(digestOf(Buffer.alloc(0), 'sha512'));
  });
});
