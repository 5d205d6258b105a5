// What becomes of a message after an attempt.
import { describe, expect, it } from 'vitest';
import { type DeliveryAttempt, nextStep } from '../../../src/events/next-step.ts';

const answered = (status: number, retryAfterMs?: number): DeliveryAttempt => ({
  kind: 'answered',
  status,
  retryAfterMs,
});
const silent: DeliveryAttempt = { kind: 'failed', why: 'connect ECONNREFUSED' };
const day = 86_400_000;
const first = { attempts: 1, ageMs: 0, giveUpAfterMs: day };

describe('the next step', () => {
  it.each([200, 201, 202, 204])('after %i is none', (status) => {
    expect(nextStep(answered(status), first, 0)).toEqual({ kind: 'delivered' });
  });

  it.each([400, 405, 409, 410, 413, 415, 422, 301, 302, 307, 308])('after %i is to give it up', (status) => {
    expect(nextStep(answered(status), first, 0)).toEqual({ kind: 'dead', why: `it answers ${status}` });
  });

  it.each([
    [401, true],
    [403, true],
    [404, true],
    [408, true],
    [425, true],
    [429, true],
    [500, false],
    [501, false],
    [502, true],
    [503, true],
    [504, true],
  ])('after %i is another attempt; others wait as well: %s', (status, pauses) => {
    expect(nextStep(answered(status), first, 0)).toEqual({
      kind: 'again',
      inMs: 500,
      pauses,
      why: `it answers ${status}`,
    });
  });

  it('waits twice as long each time, up to five minutes, by chance less than all of it', () => {
    const waits = (random: number) =>
      [1, 2, 3, 9, 10, 60, 5_000].map((attempts) => {
        const step = nextStep(silent, { ...first, attempts }, random);
        return step.kind === 'again' ? step.inMs : undefined;
      });
    expect(waits(0)).toEqual([500, 1_000, 2_000, 128_000, 150_000, 150_000, 150_000]);
    expect(waits(1 - Number.EPSILON)).toEqual([1_000, 2_000, 4_000, 256_000, 300_000, 300_000, 300_000]);
  });

  it('waits as long as it is asked to, up to five minutes', () => {
    expect(nextStep(answered(429, 30_000), first, 0)).toMatchObject({ inMs: 30_000 });
    expect(nextStep(answered(429, day), first, 0)).toMatchObject({ inMs: 300_000 });
    expect(nextStep(answered(503, 10), first, 0)).toMatchObject({ inMs: 500 });
  });

  it('gives up what is too old, and not before five attempts: clocks jump', () => {
    const old = { ageMs: 50 * day, giveUpAfterMs: day };
    expect(nextStep(silent, { ...old, attempts: 4 }, 0)).toMatchObject({ kind: 'again' });
    expect(nextStep(silent, { ...old, attempts: 5 }, 0)).toEqual({
      kind: 'dead',
      why: 'connect ECONNREFUSED, after 5 attempts',
    });
    expect(nextStep(silent, { ageMs: day - 1, giveUpAfterMs: day, attempts: 5 }, 0)).toMatchObject({ kind: 'dead' });
    expect(nextStep(silent, { ageMs: -day, giveUpAfterMs: day, attempts: 50 }, 0)).toMatchObject({ kind: 'again' });
  });
});
