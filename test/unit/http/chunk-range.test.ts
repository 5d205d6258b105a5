// Content-Range of chunks and Range of answers (distribution-spec, Pushing a blob in chunks).
import { describe, expect, it } from 'vitest';
import { parseContentRange, uploadRangeOf } from '../../../src/http/chunk-range.ts';
import { RegistryError } from '../../../src/oci/error-code.ts';

describe('parseContentRange', () => {
  it('takes inclusive positions, and nothing when the client streams', () => {
    expect(parseContentRange('0-1023')).toEqual({ first: 0, last: 1023 });
    expect(parseContentRange('7-7')).toEqual({ first: 7, last: 7 });
    expect(parseContentRange(undefined)).toBeUndefined();
  });

  it.each(['', 'bytes 0-1', '0-1/2', '5-4', '-1', '0-', 'a-b', '0-9007199254740993', ' 0-1'])(
    'refuses %j with 416',
    (header) => {
      expect(() => parseContentRange(header)).toThrow(RegistryError);
      expect(() => parseContentRange(header)).toThrow(
        expect.objectContaining({ code: 'BLOB_UPLOAD_INVALID', status: 416 }),
      );
    },
  );
});

describe('uploadRangeOf', () => {
  it('names the last byte held, and 0-0 for an empty session', () => {
    expect(uploadRangeOf(0)).toBe('0-0');
    expect(uploadRangeOf(1)).toBe('0-0');
    expect(uploadRangeOf(22)).toBe('0-21');
  });
});
