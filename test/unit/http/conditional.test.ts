// If-None-Match and If-Range against a digest.
import { describe, expect, it } from 'vitest';
import { entityTagOf, isNotModified, isRangeWanted } from '../../../src/http/conditional.ts';
import { digestOf } from '../../../src/oci/digest.ts';

const digest = digestOf(Buffer.from('x'));
const other = digestOf(Buffer.from('y'));

describe('isNotModified', () => {
  it.each([`"${digest}"`, `W/"${digest}"`, '*', `"${other}", "${digest}"`, ` "${digest}" `])(
    'holds for %s',
    (header) => {
      expect(isNotModified(header, digest)).toBe(true);
    },
  );

  it.each([undefined, '', `"${other}"`, digest, `'${digest}'`])('does not hold for %s', (header) => {
    expect(isNotModified(header, digest)).toBe(false);
  });
});

describe('isRangeWanted', () => {
  it('wants the range without If-Range and with the strong tag only', () => {
    expect(isRangeWanted(undefined, digest)).toBe(true);
    expect(isRangeWanted(entityTagOf(digest), digest)).toBe(true);
    expect(isRangeWanted(`W/${entityTagOf(digest)}`, digest)).toBe(false);
    expect(isRangeWanted(entityTagOf(other), digest)).toBe(false);
    expect(isRangeWanted('Wed, 21 Oct 2015 07:28:00 GMT', digest)).toBe(false);
  });
});
