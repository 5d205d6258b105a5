// URLs that answers carry, and the Warning header.
import { describe, expect, it } from 'vitest';
import { blobUrl, warningHeader } from '../../../src/http/headers.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { parseRepositoryName } from '../../../src/oci/reference.ts';

describe('blobUrl', () => {
  it('is path-absolute and keeps the colon', () => {
    const digest = digestOf(Buffer.alloc(0));
    expect(blobUrl(parseRepositoryName('a/b'), digest)).toBe(`/v2/a/b/blobs/${digest}`);
  });
});

describe('warningHeader', () => {
  it('quotes the text and escapes quotes and backslashes', () => {
    expect(warningHeader('the "old" \\ registry')).toBe('299 - "the \\"old\\" \\\\ registry"');
  });

  it('holds nothing that a header may not hold', () => {
    expect(warningHeader('one\r\ntwo\tß')).toBe('299 - "one two ?"');
  });

  it('is never longer than 4096 bytes and never ends in half an escape', () => {
    for (const length of [4086, 4087, 4088, 4089, 9000]) {
      const header = warningHeader(`${'x'.repeat(length - 1)}"`);
      expect(Buffer.byteLength(header)).toBeLessThanOrEqual(4096);
      expect(header).toMatch(/^299 - "(?:[^"\\]|\\.)*"$/);
    }
  });
});
