// The hash that runs beside the bytes of a session.
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import { SessionHash } from '../../../src/registry/session-hash.ts';

describe('SessionHash', () => {
  const bytes = Buffer.from('moorage');

  it('gives the digest of exactly the bytes it saw, with its algorithm only', () => {
    const hash = new SessionHash('sha256');
    hash.continueAt(0);
    hash.update(bytes.subarray(0, 4));
    hash.continueAt(4);
    hash.update(bytes.subarray(4));
    expect(hash.digestOf(7, 'sha256')).toBe(digestOf(bytes));
    expect(hash.digestOf(7, 'sha512')).toBeUndefined();
    expect(hash.digestOf(6, 'sha256')).toBeUndefined();
    expect(hash.digestOf(8, 'sha256')).toBeUndefined();
  });

  it('gives none once other bytes stand before the next ones: after a restart, a lie, a lost connection', () => {
    for (const size of [3, 5]) {
      const hash = new SessionHash('sha256');
      hash.continueAt(0);
      hash.update(bytes.subarray(0, 4));
      hash.continueAt(size);
      hash.update(bytes.subarray(size));
      expect(hash.digestOf(7, 'sha256')).toBeUndefined();
    }
  });

  it('of nothing is the digest of no bytes', () => {
    expect(new SessionHash('sha512').digestOf(0, 'sha512')).toBe(digestOf(Buffer.alloc(0), 'sha512'));
  });
});
