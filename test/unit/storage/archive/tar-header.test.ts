// One header block: numbers of every notation, sums of both signs, names with and without a prefix, and what is no header.
import { describe, expect, test } from 'vitest';
import { parseTarHeader, TarDamageError } from '../../../../src/storage/archive/tar-header.ts';
import { base256, gnuMagic, tarHeader, v7Magic } from './tar-writer.ts';

describe('a tar header', () => {
  test('of ustar: path, size, type and link', () => {
    const header = parseTarHeader(tarHeader({ path: 'a/b', size: 0o777, type: '1', linkPath: 'c' }));
    expect(header).toEqual({
      path: 'a/b',
      linkPath: 'c',
      size: 0o777,
      type: '1',
      oldSparse: undefined,
      sparse: undefined,
    });
  });

  test('has a prefix in ustar, and times in its place in GNU tar', () => {
    expect(parseTarHeader(tarHeader({ path: 'b', prefix: 'long/way' }))?.path).toBe('long/way/b');
    expect(parseTarHeader(tarHeader({ path: 'b', prefix: '14710405172', magic: gnuMagic }))?.path).toBe('b');
    expect(parseTarHeader(tarHeader({ path: 'b', prefix: 'x', magic: v7Magic }))?.path).toBe('b');
  });

  test('has a shorter prefix in star, which keeps times behind it', () => {
    const patch = (header: Buffer): void => {
      header.write('way', 345);
      header.write('00000000000 ', 476);
      header.write('tar\0', 508);
      header.fill('p', 348, 476);
    };
    expect(parseTarHeader(tarHeader({ path: 'b', patch }))?.path).toBe(`way${'p'.repeat(128)}/b`);
  });

  test('takes names that fill their fields', () => {
    const [path, prefix] = ['n'.repeat(100), 'p'.repeat(155)];
    expect(parseTarHeader(tarHeader({ path, prefix }))?.path).toBe(`${prefix}/${path}`);
  });

  test('is a regular file where V7 has a NUL for the type', () => {
    expect(parseTarHeader(tarHeader({ path: 'a', type: '\0', magic: v7Magic }))?.type).toBe('0');
  });

  test.each([
    ['octal with spaces', Buffer.from('        123 '), 0o123],
    ['octal without an end', Buffer.from('777777777777'), 0o777777777777],
    ['nothing', Buffer.alloc(12), 0],
    ['base 256', base256(8_589_934_592n), 8_589_934_592],
    ['the largest exact number', base256(BigInt(Number.MAX_SAFE_INTEGER)), Number.MAX_SAFE_INTEGER],
  ])('understands a size in %s', (_, size, expected) => {
    expect(parseTarHeader(tarHeader({ path: 'a', size }))?.size).toBe(expected);
  });

  test.each([
    ['beyond exact numbers', base256(BigInt(Number.MAX_SAFE_INTEGER) + 1n)],
    ['with all bits set', Buffer.alloc(12, 0xff)],
    ['negative', Buffer.concat([Buffer.alloc(11, 0xff), Buffer.from([0xfe])])],
    ['with more bits in the first byte', Buffer.concat([Buffer.from([0x81]), Buffer.alloc(11)])],
    ['with other digits', Buffer.from('00000000009\0')],
    ['with a sign', Buffer.from('-0000000001\0')],
  ])('refuses a size %s', (_, size) => {
    expect(() => parseTarHeader(tarHeader({ path: 'a', size }))).toThrow(TarDamageError);
  });

  test('is told by its sum, which some programs made of signed bytes', () => {
    const right = tarHeader({ path: 'ü' });
    expect(parseTarHeader(right)?.path).toBe('ü');
    const unsigned = Number.parseInt(right.toString('latin1', 148, 154), 8);
    expect(parseTarHeader(tarHeader({ path: 'ü', checksum: unsigned - 512 }))?.path).toBe('ü');
    expect(() => parseTarHeader(tarHeader({ path: 'ü', checksum: unsigned + 1 }))).toThrow('checksum');
    expect(() => parseTarHeader(Buffer.alloc(512, 'x'))).toThrow(TarDamageError);
  });

  test('of zeros is the end', () => {
    expect(parseTarHeader(Buffer.alloc(512))).toBeUndefined();
  });
});
