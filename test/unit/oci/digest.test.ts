// Digests: which texts are one, and what is derived from one.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  algorithmOf,
  type Digest,
  Digester,
  digestOf,
  encodedOf,
  isDigest,
  isDigestLike,
  parseDigest,
  parseDigestAlgorithm,
} from '../../../src/oci/digest.ts';
import { RegistryError } from '../../../src/oci/error-code.ts';

const hex64 = 'a'.repeat(64);
const hex128 = '0'.repeat(128);

describe('parseDigest', () => {
  it.each([`sha256:${hex64}`, `sha512:${hex128}`])('accepts %s', (text) => {
    expect(parseDigest(text)).toBe(text);
  });

  it.each([
    '',
    ':',
    'sha256',
    'sha256:',
    `sha256:${hex64.slice(1)}`,
    `sha256:${hex64}a`,
    `sha512:${hex64}`,
    `sha256:${hex128}`,
    `sha256:${'A'.repeat(64)}`,
    `SHA256:${hex64}`,
    `sha256:${'g'.repeat(64)}`,
    ` sha256:${hex64}`,
    `sha256:${hex64}\n`,
    `sha256:${hex64} `,
    `sha256:${hex64}/..`,
    `sha256:../../${'a'.repeat(58)}`,
    `sha256:${'a'.repeat(63)}\0`,
    `sha384:${'a'.repeat(96)}`,
    `blake3:${hex64}`,
    `sha256+b64:${hex64}`,
    'constructor:x',
    '__proto__:x',
  ])('refuses %j with DIGEST_INVALID, 400', (text) => {
    expect(isDigest(text)).toBe(false);
    expect(() => parseDigest(text)).toThrow(RegistryError);
    expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: 'DIGEST_INVALID', status: 400 }));
  });

  it('says whether a text is no digest at all or one that cannot be verified here', () => {
    expect(() => parseDigest('sha256:totallywrong')).toThrow(/unsupported digest algorithm or wrong length/);
    expect(() => parseDigest('totally wrong')).toThrow(/not a digest/);
  });
});

describe('isDigestLike', () => {
  it.each([
    `sha256:${hex64}`,
    `blake3:${hex64}`,
    'sha384:abc',
    'multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9=_-',
  ])('is true of %s, which a descriptor may hold', (text) => {
    expect(isDigestLike(text)).toBe(true);
  });

  it.each(['', 'sha256', 'sha256:', ':abc', 'sha256::abc', 'sha..256:abc', '+sha:abc', 'sha256:ab c', 'sha256:é'])(
    'is false of %j',
    (text) => {
      expect(isDigestLike(text)).toBe(false);
    },
  );
});

describe('parseDigestAlgorithm', () => {
  it('knows the two that are stored', () => {
    expect(parseDigestAlgorithm('sha256')).toBe('sha256');
    expect(parseDigestAlgorithm('sha512')).toBe('sha512');
  });

  it.each(['', 'sha384', 'blake3', 'SHA256', 'md5', 'sha256 '])('refuses %j with DIGEST_INVALID', (text) => {
    expect(() => parseDigestAlgorithm(text)).toThrow(expect.objectContaining({ code: 'DIGEST_INVALID', status: 400 }));
  });
});

describe('the parts of a digest', () => {
  it.each([`sha256:${hex64}`, `sha512:${hex128}`] as Digest[])('of %s make it again', (digest) => {
    expect(`${algorithmOf(digest)}:${encodedOf(digest)}`).toBe(digest);
  });

  it.each([
    ['sha256', hex128],
    ['sha512', hex64],
    ['sha384', hex64],
    ['sha256', 'index.json'],
    ['', ''],
  ])('%s and %s make none', (algorithm, encoded) => {
    expect(isDigest(`${algorithm}:${encoded}`)).toBe(false);
  });
});

describe('Digester', () => {
  it('gives the digest of what it has seen so far, and goes on', () => {
    const digester = new Digester('sha512');
    expect(digester.digest()).toBe(digestOf(Buffer.alloc(0), 'sha512'));
    digester.update(Buffer.from('moor'));
    expect(digester.digest()).toBe(digestOf(Buffer.from('moor'), 'sha512'));
    digester.update(Buffer.from('age'));
    expect(digester.digest()).toBe(digestOf(Buffer.from('moorage'), 'sha512'));
    expect(digester.bytes).toBe(7);
  });

  it('agrees with the hash of node', () => {
    const bytes = Buffer.from('any bytes');
    expect(encodedOf(digestOf(bytes))).toBe(createHash('sha256').update(bytes).digest('hex'));
  });
});
