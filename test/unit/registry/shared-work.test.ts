// Work that many ask for at once: who shares it, and when it ends.
import { describe, expect, it } from 'vitest';
import { SharedWork } from '../../../src/registry/shared-work.ts';

/** Runs that end when told to; each results in its number. */
function work() {
  const runs: { ended: AbortSignal; finish: () => void; fail: (error: Error) => void }[] = [];
  const shared = new SharedWork<number>((ended) => {
    const number = runs.length + 1;
    return new Promise((resolve, reject) => {
      runs.push({ ended, finish: () => resolve(number), fail: reject });
      ended.addEventListener('abort', () => reject(ended.reason));
    });
  });
  return { shared, runs };
}

const stays = () => new AbortController().signal;
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('what is asked for while it is worked out', () => {
  it('is worked out once more, for all who asked meanwhile: what runs may have passed by what they wrote', async () => {
    const { shared, runs } = work();
    const first = shared.ask(stays());
    await turn();
    const others = Array.from({ length: 20 }, () => shared.ask(stays()));
    await turn();
    expect(runs).toHaveLength(1);
    runs[0]?.finish();
    expect(await first).toBe(1);
    await turn();
    runs[1]?.finish();
    expect(await Promise.all(others)).toEqual(others.map(() => 2));
    expect(runs).toHaveLength(2);
  });

  it('is worked out again for who asks afterwards', async () => {
    const { shared, runs } = work();
    for (const number of [1, 2]) {
      const asked = shared.ask(stays());
      await turn();
      runs.at(-1)?.finish();
      expect(await asked).toBe(number);
    }
  });

  it('is worked out although what ran before failed', async () => {
    const { shared, runs } = work();
    const first = shared.ask(stays());
    await turn();
    const second = shared.ask(stays());
    runs[0]?.fail(new Error('broken'));
    await expect(first).rejects.toThrow('broken');
    await turn();
    runs[1]?.finish();
    expect(await second).toBe(2);
  });
});

describe('who has gone', () => {
  it('gets no answer, and others theirs', async () => {
    const { shared, runs } = work();
    const gone = new AbortController();
    const running = shared.ask(stays());
    await turn();
    const [leaving, staying] = [shared.ask(gone.signal), shared.ask(stays())];
    gone.abort(new Error('gone'));
    await expect(leaving).rejects.toThrow('gone');
    runs[0]?.finish();
    await running;
    await turn();
    expect(runs[1]?.ended.aborted).toBe(false);
    runs[1]?.finish();
    expect(await staying).toBe(2);
  });

  it('ends the work when nobody is left, and who comes then gets work of its own', async () => {
    const { shared, runs } = work();
    const gone = new AbortController();
    const leaving = shared.ask(gone.signal);
    await turn();
    gone.abort(new Error('gone'));
    await expect(leaving).rejects.toThrow('gone');
    expect(runs[0]?.ended.aborted).toBe(true);
    const next = shared.ask(stays());
    await turn();
    runs[1]?.finish();
    expect(await next).toBe(2);
  });

  it('before its work began keeps it from beginning, and who comes then is not refused', async () => {
    const { shared, runs } = work();
    const gone = new AbortController();
    const first = shared.ask(stays());
    await turn();
    const leaving = shared.ask(gone.signal);
    gone.abort(new Error('gone'));
    await expect(leaving).rejects.toThrow('gone');
    const next = shared.ask(stays());
    runs[0]?.finish();
    await first;
    await turn();
    expect(runs).toHaveLength(2);
    runs[1]?.finish();
    expect(await next).toBe(2);
    await expect(shared.ask(gone.signal)).rejects.toThrow('gone');
  });
});
