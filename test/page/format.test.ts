// Sizes, times and digests as people read them.
import { expect, it } from 'vitest';
import { ageText, countText, shortDigest, sizeText } from '../../page/format.ts';

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [150 * 1024, '150 KiB'],
  [5 * 1024 ** 3, '5.0 GiB'],
  [3 * 1024 ** 5, '3072 TiB'],
])('%i bytes are %s', (bytes, text) => expect(sizeText(bytes)).toBe(text));

const now = Date.parse('2026-06-15T12:00:00Z');

it.each([
  ['2026-06-15T11:59:30Z', 'just now'],
  ['2026-06-15T11:00:00Z', '1 hour ago'],
  ['2026-06-14T11:00:00Z', 'yesterday'],
  ['2023-06-15T12:00:00Z', '3 years ago'],
  ['2026-06-15T13:00:00Z', 'in 1 hour'],
  ['soon', ''],
  [undefined, ''],
])('%s was %s', (time, text) => expect(ageText(time, now)).toBe(text));

it('tells digests apart by their first digits', () => {
  expect(shortDigest(`sha256:${'ab'.repeat(32)}`)).toBe('sha256:abababababab');
  expect(shortDigest('odd')).toBe('odd');
});

it('counts in words', () => {
  expect([countText(1, 'tag'), countText(1200, 'tag'), countText(2, 'copy', 'copies')]).toEqual([
    '1 tag',
    '1,200 tags',
    '2 copies',
  ]);
});
