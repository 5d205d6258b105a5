// Durations and sizes with units.
import { describe, expect, it } from 'vitest';
import { parseDuration, parseMode, parseSize } from '../../../src/config/units.ts';

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5 m', 90_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['0s', 0],
  ])('reads %s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['30', 's', '-1s', '1 fortnight', '1h30m', '', '1S', 'constructor', '99999999999999999999d', '1toString'])(
    'refuses %j',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});

describe('parseSize', () => {
  it.each([
    ['512B', 512],
    ['100KiB', 102_400],
    ['8MiB', 8_388_608],
    ['8 MB', 8_000_000],
    ['1.5GiB', 1_610_612_736],
  ])('reads %s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['8', '8M', '8mib', 'MiB', '-8MiB', '0x8B'])('refuses %j', (text) => {
    expect(parseSize(text)).toBeUndefined();
  });
});

describe('parseMode', () => {
  it('reads octal digits', () => {
    expect(parseMode('0644')).toBe(0o644);
    expect(parseMode('600')).toBe(0o600);
  });

  it.each(['0844', '4755', '0o644', '', '64'])('refuses %j', (text) => {
    expect(parseMode(text)).toBeUndefined();
  });
});
