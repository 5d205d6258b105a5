// What becomes of the files that we replaced: kept for a while, closed once each, whatever happens.
import { describe, expect, it, vi } from 'vitest';
import { ForeignWatch } from '../../../../src/layout/healing/foreign-watch.ts';
import { newReplacedFiles } from '../../../../src/layout/healing/replaced-files.ts';
import { ReplacedIndex } from '../../../../src/layout/healing/replaced-index.ts';
import { RecordedLog } from '../../../support/registry-under-test.ts';
import { TestClock } from '../../../support/test-clock.ts';

function watch(check: () => Promise<void> = async () => {}, replaced = newReplacedFiles()) {
  const log = new RecordedLog();
  const active: boolean[] = [];
  const closed: number[] = [];
  const onActive = (each: boolean) => active.push(each);
  const watching = new ForeignWatch({ check, replaced, clock: new TestClock(), log, onActive });
  let made = 0;
  const replace = (close: () => Promise<void> = async () => {}) => {
    const at = made;
    made += 1;
    const object = {
      readIfChanged: async () => undefined,
      close: async () => {
        closed.push(at);
        await close();
      },
    };
    watching.replaced(new ReplacedIndex(object, Buffer.alloc(0)));
  };
  return { watching, log, active, closed, replace };
}

describe('replaced files', () => {
  it('are held open, at most a few, and closed at the end', async () => {
    const { watching, closed, replace, active } = watch();
    for (let at = 0; at < 20; at += 1) replace();
    expect(closed.length).toBeGreaterThan(10);
    expect(closed.length).toBeLessThan(20);
    await watching.close();
    expect(closed.toSorted((one, other) => one - other)).toEqual(Array.from({ length: 20 }, (_, at) => at));
    expect(active.at(-1)).toBe(false);
  });

  it('of all repositories together are a few: the oldest are closed first, each once', async () => {
    const replaced = newReplacedFiles(4);
    const watches = Array.from({ length: 3 }, () => watch(undefined, replaced));
    for (let round = 0; round < 3; round += 1) for (const { replace } of watches) replace();
    const closed = watches.map((each) => each.closed);
    expect(closed).toEqual([[0, 1], [0, 1], [0]]);
    await Promise.all(watches.map(({ watching }) => watching.close()));
    expect(closed.map((each) => each.toSorted())).toEqual([
      [0, 1, 2],
      [0, 1, 2],
      [0, 1, 2],
    ]);
    expect(replaced.size).toBe(0);
  });

  it('that cannot be closed are said in the log, and nothing else', async () => {
    const { watching, log, replace, closed } = watch();
    for (let at = 0; at < 20; at += 1) replace(() => Promise.reject(new Error('injected')));
    await watching.close();
    expect(closed).toHaveLength(20);
    expect(log.lines).toHaveLength(20);
  });

  it('of a push that ends after the registry are closed at once', async () => {
    const { watching, closed, replace, active } = watch();
    await watching.close();
    replace();
    expect(closed).toEqual([0]);
    expect(active.at(-1)).toBe(false);
  });
});

describe('checks', () => {
  it('that are still to come are made when the registry is closed, others are not', async () => {
    let checks = 0;
    const check = async () => {
      checks += 1;
    };
    await watch(check).watching.close();
    expect(checks).toBe(0);
    const { watching, replace } = watch(check);
    replace();
    await watching.close();
    expect(checks).toBeGreaterThan(0);
  });

  it('for deleted files do not wait for their time when the registry is closed', async () => {
    const turns: boolean[] = [];
    const { watching } = watch(async () => void turns.push(watching.isSearchDue));
    watching.foreign();
    expect(watching.isSearchDue).toBe(true);
    watching.searched({ restored: 0, tookMs: 60_000 });
    expect(watching.isSearchDue).toBe(false);
    await watching.close();
    expect(turns).toEqual([true]);
  });

  it('that fail are said in the log', async () => {
    const { watching, log, replace } = watch(() => Promise.reject(new Error('injected')));
    replace();
    await watching.close();
    expect(log.lines[0]?.message).toContain('trying again');
  });
});

describe('checks that fail', () => {
  it('are told once each time they begin to', async () => {
    let isAway = true;
    let checks = 0;
    const { watching, log, replace } = watch(async () => {
      checks += 1;
      if (isAway) throw new Error('away');
    });
    const next = async () => {
      const before = checks;
      replace();
      await vi.waitFor(() => expect(checks).toBeGreaterThan(before), { timeout: 60_000 });
    };
    for (const away of [true, true, false, true, true]) {
      isAway = away;
      await next();
    }
    expect(log.lines.map(({ message }) => message)).toEqual(
      Array.from({ length: 2 }, () => 'index.json could not be checked for changes by other programs; trying again'),
    );
    isAway = false;
    await watching.close();
  });
});
