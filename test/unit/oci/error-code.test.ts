// Errors as the spec's envelope tells them.
import { describe, expect, it } from 'vitest';
import { MissingReferencesError, RegistryError } from '../../../src/oci/error-code.ts';

describe('RegistryError', () => {
  it('takes status and message from the table, and no detail unless there is one', () => {
    const error = new RegistryError('BLOB_UNKNOWN');
    expect(error.status).toBe(404);
    expect(error.entries).toEqual([{ code: 'BLOB_UNKNOWN', message: 'blob unknown to repository' }]);
    expect(error.headers).toEqual({});
  });

  it('says more where the place knows more', () => {
    const cause = new Error('below');
    const error = new RegistryError('BLOB_UPLOAD_INVALID', {
      status: 416,
      message: 'out of order',
      detail: 'the next byte is 5',
      headers: { Range: '0-4' },
      cause,
    });
    expect(error).toMatchObject({ status: 416, headers: { Range: '0-4' }, cause });
    expect(error.entries).toEqual([
      { code: 'BLOB_UPLOAD_INVALID', message: 'out of order', detail: 'the next byte is 5' },
    ]);
    expect(error.message).toBe('out of order: the next byte is 5');
  });
});

describe('MissingReferencesError', () => {
  it('has one entry for each missing descriptor', () => {
    const error = new MissingReferencesError(['sha256:a', 'sha256:b']);
    expect(error).toMatchObject({ status: 400, code: 'MANIFEST_BLOB_UNKNOWN' });
    expect(error.entries.map(({ code, detail }) => [code, detail])).toEqual([
      ['MANIFEST_BLOB_UNKNOWN', 'sha256:a'],
      ['MANIFEST_BLOB_UNKNOWN', 'sha256:b'],
    ]);
  });

  it('names a thousand, and says how many more there are', () => {
    const missing = Array.from({ length: 1_002 }, (_, at) => `sha256:${at}`);
    const { entries } = new MissingReferencesError(missing);
    expect(entries).toHaveLength(1_001);
    expect(entries.slice(-2).map(({ detail }) => detail)).toEqual(['sha256:999', 'and 2 more']);
    expect(new MissingReferencesError(missing.slice(0, 1_000)).entries).toHaveLength(1_000);
  });
});
