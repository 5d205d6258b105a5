// Session ids reach a path, so nothing but a UUID is one.
import { describe, expect, it } from 'vitest';
import { isUploadId, newUploadId } from '../../../src/oci/upload-id.ts';

describe('isUploadId', () => {
  it('is true of what newUploadId makes', () => {
    expect(isUploadId(newUploadId())).toBe(true);
    expect(newUploadId()).not.toBe(newUploadId());
  });

  it.each([
    '',
    '..',
    '../../pool/sha256/x',
    '0d5f1e0a-0000-4000-8000-00000000000',
    '0d5f1e0a-0000-4000-8000-0000000000000',
    '0D5F1E0A-0000-4000-8000-000000000000',
    '0d5f1e0a-0000-4000-8000-000000000000\n',
    '0d5f1e0a-0000-4000-8000-000000000000/',
    'zd5f1e0a-0000-4000-8000-000000000000',
  ])('is false of %j', (text) => {
    expect(isUploadId(text)).toBe(false);
  });
});
