// When a worker that ended is replaced.
import { describe, expect, it } from 'vitest';
import { RestartPause } from '../../../src/workers/restart-pause.ts';

describe('RestartPause', () => {
  it('replaces at once what answered requests for a while', () => {
    expect(new RestartPause().after({ livedMs: 60_000, hasListened: true })).toBe(0);
  });

  it('waits longer each time for what ends soon after its start, up to ten seconds', () => {
    const pause = new RestartPause();
    const pauses = Array.from({ length: 9 }, () => pause.after({ livedMs: 500, hasListened: true }));
    expect(pauses).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  });

  it('begins anew once one lived for a while', () => {
    const pause = new RestartPause();
    pause.after({ livedMs: 500, hasListened: true });
    pause.after({ livedMs: 20_000, hasListened: true });
    expect(pause.after({ livedMs: 500, hasListened: true })).toBe(100);
  });

  it('goes on while others answer, and gives up once they do not', () => {
    const pause = new RestartPause();
    const failed = { livedMs: 300, hasListened: false };
    const pauses = Array.from({ length: 9 }, () => pause.after({ ...failed, othersAnswer: true }));
    expect(pauses.at(-1)).toBe(10_000);
    expect(pause.after(failed)).toBeUndefined();
  });

  it('gives up what does not listen six times in a row', () => {
    const pause = new RestartPause();
    const failed = { livedMs: 300, hasListened: false };
    expect(Array.from({ length: 6 }, () => pause.after(failed)).at(-1)).toBeUndefined();
    const other = new RestartPause();
    for (let at = 0; at < 5; at += 1) other.after(failed);
    expect(other.after({ livedMs: 300, hasListened: true })).toBeDefined();
    expect(other.after(failed)).toBeDefined();
  });
});
