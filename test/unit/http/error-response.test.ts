// Any error to status, headers and entries.
import { describe, expect, it } from 'vitest';
import { errorResponseOf } from '../../../src/http/error-response.ts';
import { MissingReferencesError, RegistryError } from '../../../src/oci/error-code.ts';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import { newUploadId } from '../../../src/oci/upload-id.ts';
import { UploadRangeError } from '../../../src/registry/upload-chunk.ts';
import { StorageError } from '../../../src/storage/storage-error.ts';

const request = { method: 'PATCH', repositoryName: parseRepositoryName('team/app') };

describe('errorResponseOf', () => {
  it('keeps what a RegistryError says', () => {
    const error = new RegistryError('TOOMANYREQUESTS', { headers: { 'Retry-After': '7' } });
    expect(errorResponseOf(error, request)).toMatchObject({ status: 429, headers: { 'Retry-After': '7' } });
    expect(errorResponseOf(new MissingReferencesError(['a', 'b']), request).entries).toHaveLength(2);
  });

  it('says where an upload goes on', () => {
    const id = newUploadId();
    expect(errorResponseOf(new UploadRangeError({ id, size: 10 }, 'x'), request)).toMatchObject({
      status: 416,
      headers: { Location: `/v2/team/app/blobs/uploads/${id}`, Range: '0-9' },
    });
  });

  it('tells the client of an upload that it was taken over, and not that the server failed', () => {
    const signal = AbortSignal.abort();
    expect(errorResponseOf(signal.reason, request)).toMatchObject({
      status: 416,
      entries: [{ code: 'BLOB_UPLOAD_INVALID' }],
    });
  });

  it('takes the status of a framework error when it is a 4xx, and nothing of its text', () => {
    const bad = Object.assign(new Error("'/secret' is not a valid url"), { code: 'FST_ERR_BAD_URL', statusCode: 400 });
    expect(errorResponseOf(bad, request)).toMatchObject({
      status: 400,
      entries: [{ code: 'UNSUPPORTED', message: 'bad request' }],
    });
    const defect = Object.assign(new Error('no handler'), { code: 'FST_ERR_X', statusCode: 500 });
    expect(errorResponseOf(defect, request).status).toBe(500);
  });

  it.each([
    new Error('secret'),
    Object.assign(new Error('secret'), { statusCode: 400 }),
    Object.assign(new Error('secret'), { code: 'ENOSPC', statusCode: 404 }),
    'secret',
    undefined,
    null,
  ])('makes 500 UNKNOWN of %s', (error) => {
    const answer = errorResponseOf(error, request);
    expect(answer).toMatchObject({ status: 500, entries: [{ code: 'UNKNOWN', message: 'internal error' }] });
    expect(JSON.stringify(answer.entries)).not.toContain('secret');
  });

  it('makes a read-only store a refusal of the push or of the delete', () => {
    const error = new StorageError('read-only', 'EROFS /secret');
    expect(errorResponseOf(error, request)).toMatchObject({ status: 403, entries: [{ code: 'DENIED' }] });
    expect(errorResponseOf(error, { ...request, method: 'DELETE' })).toMatchObject({
      status: 405,
      entries: [{ code: 'UNSUPPORTED' }],
    });
  });
});
