// Times of pushes and pulls, as they are noted and read again.
import { describe, expect, it, vi } from 'vitest';
import type { VirtualPath } from '../../../../src/layout/names/name-table.ts';
import { parseTagTimes, timeKey } from '../../../../src/layout/times/tag-time-lines.ts';
import { KeptTagTimes } from '../../../../src/layout/times/tag-times.ts';
import { TagTimesFile, tidyTagTimes } from '../../../../src/layout/times/tag-times-file.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import type { Tag } from '../../../../src/oci/reference.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';
import type { Key } from '../../../../src/storage/object-store.ts';
import { StorageError } from '../../../../src/storage/storage-error.ts';
import { silentLog } from '../../../support/silent-log.ts';

const key = '.moorage/times/team/app/.times' as Key;
const own = '' as VirtualPath;
const v1 = 'v1' as Tag;
const digest = digestOf(Buffer.from('image'));
const readTagTimes = (store: MemoryStore) => new TagTimesFile(store, key).read();
const hour = 3_600_000;

function noting() {
  const store = new MemoryStore();
  const time = { nowMs: 1_700_000_000_000, elapsedMs: 5 };
  const clock = {
    now: () => time.nowMs,
    elapsed: () => time.elapsedMs,
    uptime: () => ({ boot: '', ms: time.elapsedMs }),
  };
  const times = new KeptTagTimes({ store, key, clock, log: silentLog });
  const pass = (ms: number) => {
    time.nowMs += ms;
    time.elapsedMs += ms;
  };
  return { store, times, time, pass };
}

describe('times of tags', () => {
  it('are read as they were noted: pushes at once, pulls once they are flushed', async () => {
    const { store, times, time, pass } = noting();
    await times.pushed(own, v1);
    const pushed = time.nowMs;
    pass(1_000);
    times.pulledTag('cache/alpine' as VirtualPath, v1);
    times.pulledDigest(digest);
    expect((await readTagTimes(store)).pulls.size).toBe(0);
    await times.flush();
    const known = await readTagTimes(store);
    expect([...known.pushes]).toEqual([[timeKey(own, v1), pushed]]);
    expect([...known.pulls]).toEqual([
      ['v1 cache/alpine', time.nowMs],
      [digest, time.nowMs],
    ]);
  });

  it('of pulls are noted at most once an hour for each tag and digest, of pushes every time', async () => {
    const { store, times, pass } = noting();
    const append = vi.spyOn(store, 'append');
    for (let minute = 0; minute < 120; minute += 1) {
      times.pulledTag(own, v1);
      times.pulledDigest(digest);
      await times.flush();
      pass(hour / 60);
    }
    expect(append).toHaveBeenCalledTimes(2);
    await times.pushed(own, v1);
    await times.pushed(own, v1);
    expect(append).toHaveBeenCalledTimes(4);
  });

  it('do not depend on a clock that jumps', async () => {
    const { store, times, time, pass } = noting();
    times.pulledTag(own, v1);
    time.nowMs -= 10 * 365 * 24 * hour;
    pass(hour);
    times.pulledTag(own, v1);
    await times.flush();
    expect((await readTagTimes(store)).pulls.get(timeKey(own, v1))).toBe(1_700_000_000_000);
  });

  it('that cannot be written down keep nobody waiting, and are noted again', async () => {
    const { store, times } = noting();
    const warn = vi.spyOn(silentLog, 'warn');
    vi.spyOn(store, 'append').mockRejectedValueOnce(new StorageError('no-space', 'full'));
    times.pulledTag(own, v1);
    await times.flush();
    expect(warn).toHaveBeenCalledTimes(1);
    times.pulledTag(own, v1);
    await times.flush();
    expect((await readTagTimes(store)).pulls.size).toBe(1);
  });

  it('survive lines that a crash cut short, and what is no line', () => {
    const text = 'push 17000\npull 1 v1 \npush 5 v1\npush x v1 \npull 7 sha256:abc\npu\npush 9 v1 \n\npush 8 v1 ';
    const { pushes, pulls } = parseTagTimes(text);
    expect([...pushes]).toEqual([['v1 ', 9]]);
    expect([...pulls]).toEqual([['v1 ', 1]]);
  });

  it('are written anew in fewer lines, without what is gone, and beside who appends', async () => {
    const { store, times, pass } = noting();
    const tags = Array.from({ length: 20 }, (_, at) => `v${at}` as Tag);
    for (let day = 0; day < 1_000; day += 1) {
      for (const tag of tags) times.pulledTag(own, tag);
      await times.flush();
      pass(24 * hour);
    }
    await times.pushed(own, v1);
    const before = await readTagTimes(store);
    const size = (await store.stat(key))?.size ?? 0;
    let isLate = false;
    const update = store.update.bind(store);
    vi.spyOn(store, 'update').mockImplementationOnce((at, change) =>
      update(at, async (now) => {
        const replacement = await change(now);
        if (!isLate) await times.pushed(own, 'late' as Tag);
        isLate = true;
        return replacement;
      }),
    );
    await tidyTagTimes(store, key, (of) => of !== 'v7 ');
    const after = await readTagTimes(store);
    expect((await store.stat(key))?.size).toBeLessThan(size / 100);
    expect(after.pushes.has('late ')).toBe(true);
    expect(after.pulls.has('v7 ')).toBe(false);
    for (const [of, at] of before.pulls) if (of !== 'v7 ') expect(after.pulls.get(of)).toBe(at);
    expect(after.pushes.get('v1 ')).toBe(before.pushes.get('v1 '));
  });

  it('that come between the last look and the replacement are kept', async () => {
    const { store, time } = noting();
    await store.append(key, Buffer.from(`push ${time.nowMs} v1 \n`.repeat(20_000)));
    const update = store.update.bind(store);
    vi.spyOn(store, 'update').mockImplementationOnce(async (at, change) => {
      const { bytes = new Uint8Array() } = (await store.read(at, Number.MAX_SAFE_INTEGER)) ?? {};
      const updated = await update(at, change);
      const late = Buffer.concat([bytes, Buffer.from(`\npush ${time.nowMs} late \n`)]);
      // As a file system has it: the writer had opened the file that was replaced.
      const readIfChanged = async () => updated.info && { info: updated.info, bytes: late };
      return { ...updated, previous: { readIfChanged, close: async () => {} } };
    });
    await tidyTagTimes(store, key, () => true);
    const { pushes } = await readTagTimes(store);
    expect([...pushes.keys()].sort()).toEqual(['late ', 'v1 ']);
  });
});
