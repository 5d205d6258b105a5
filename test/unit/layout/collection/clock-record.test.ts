// What is known of a clock that is set, by looks at it beside the uptime of the machine.
import { describe, expect, it } from 'vitest';
import { Ages } from '../../../../src/layout/collection/ages.ts';
import {
  type ClockRecord,
  firstRecord,
  nextRecord,
  watchLeftMs,
  withAhead,
} from '../../../../src/layout/collection/clock-record.ts';

const hour = 3_600_000;
const year = 8_760 * hour;
const start = { wallMs: 100 * year, boot: 'one', uptimeMs: hour };
const agesOf = (record: ClockRecord) => new Ages(record, () => 0);
const at = (atMs: number) => ({ modifiedAtMs: atMs, changedAtMs: atMs });

describe('a record of the clock', () => {
  it('takes a drifting clock for a steady one', () => {
    const next = nextRecord(firstRecord(start), { ...start, wallMs: start.wallMs + hour + 3_000, uptimeMs: 2 * hour });
    expect(next.jumps).toEqual([]);
    expect(agesOf(next).ageOf(at(start.wallMs))).toBe(hour + 3_000);
  });

  it('makes nothing older by a jump forward, and keeps to it over later ones', () => {
    let record = firstRecord(start);
    record = nextRecord(record, { ...start, wallMs: start.wallMs + year + hour, uptimeMs: 2 * hour });
    expect(agesOf(record).ageOf(at(start.wallMs - hour))).toBe(2 * hour);
    record = nextRecord(record, { ...start, wallMs: start.wallMs + 2 * year + 2 * hour, uptimeMs: 3 * hour });
    expect(agesOf(record).ageOf(at(start.wallMs - hour))).toBe(3 * hour);
    // Between the two.
    expect(agesOf(record).ageOf(at(start.wallMs + year + hour + 1_000))).toBe(hour - 1_000);
  });

  it('makes nothing older that was written just before a jump, by a clock that is ahead of the uptime within what is no jump', () => {
    const reading = { ...start, wallMs: start.wallMs + year + hour, uptimeMs: 2 * hour };
    const ages = agesOf(nextRecord(firstRecord(start), reading));
    expect(ages.ageOf(at(start.wallMs + hour + 3_000))).toBeLessThanOrEqual(0);
    expect(ages.ageOf(at(start.wallMs + hour))).toBe(0);
    // Nor younger what was written after it.
    expect(agesOf(nextRecord(firstRecord(start), reading)).ageOf(at(reading.wallMs))).toBe(0);
  });

  it('keeps no more than some jumps, and makes nothing older by that', () => {
    let record = firstRecord(start);
    for (let times = 1; times <= 40; times += 1) {
      const wallMs = start.wallMs + times * (year + hour);
      record = nextRecord(record, { ...start, wallMs, uptimeMs: hour + times * hour });
    }
    expect(record.jumps.length).toBeLessThan(20);
    expect(agesOf(record).ageOf(at(start.wallMs))).toBeLessThanOrEqual(40 * hour);
  });

  it('counts stamps ahead of the clock from when they are known', () => {
    const set = nextRecord(firstRecord(start), { ...start, wallMs: start.wallMs - year, uptimeMs: hour + 1_000 });
    expect(agesOf(set).ageOf(at(start.wallMs))).toBe(0);
    const later = nextRecord(set, { ...start, wallMs: start.wallMs - year + 5 * hour, uptimeMs: 6 * hour + 1_000 });
    expect(agesOf(later).ageOf(at(start.wallMs))).toBe(5 * hour);
    // One that was not known.
    const ages = agesOf(later);
    expect(ages.ageOf(at(start.wallMs + year))).toBe(0);
    expect(ages.aheadMs).toBe(start.wallMs + year);
    const known = withAhead(later, start.wallMs + year);
    const last = nextRecord(known, { ...start, wallMs: start.wallMs - year + 9 * hour, uptimeMs: 10 * hour + 1_000 });
    expect(agesOf(last).ageOf(at(start.wallMs + year))).toBe(4 * hour);
  });

  it('believes no time of modification that is ahead, which anybody can set', () => {
    const ages = agesOf(firstRecord(start));
    expect(ages.ageOf({ modifiedAtMs: start.wallMs + year, changedAtMs: start.wallMs - hour })).toBe(hour);
    expect(ages.ageOf({ modifiedAtMs: start.wallMs - year, changedAtMs: start.wallMs - hour })).toBe(hour);
  });

  it('watches after a start of the machine over a long gap, and not after a short one', () => {
    const short = nextRecord(firstRecord(start), { wallMs: start.wallMs + hour, boot: 'two', uptimeMs: 1_000 });
    expect(watchLeftMs(short, 24 * hour)).toBe(0);
    const long = nextRecord(firstRecord(start), { wallMs: start.wallMs + year, boot: 'two', uptimeMs: 1_000 });
    expect(watchLeftMs(long, 24 * hour)).toBe(6 * hour);
    expect(watchLeftMs(long, hour)).toBe(hour);
    expect(watchLeftMs(long, 0)).toBe(0);
    const later = nextRecord(long, { wallMs: start.wallMs + year + hour, boot: 'two', uptimeMs: hour + 1_000 });
    expect(watchLeftMs(later, 24 * hour)).toBe(5 * hour);
  });

  it('goes on watching when two processes look at once', () => {
    const long = nextRecord(firstRecord(start), { wallMs: start.wallMs + year, boot: 'two', uptimeMs: 1_000 });
    expect(nextRecord(long, { wallMs: start.wallMs + year - 1, boot: 'two', uptimeMs: 999 })).toBe(long);
  });
});
