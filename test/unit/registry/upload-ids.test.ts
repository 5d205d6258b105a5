// Ids of upload sessions that have no bytes: what is in one, and that the hash in it is the HMAC that others would compute.
import { createHmac, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import type { RepositoryName } from '../../../src/oci/reference.ts';
import { isUploadId } from '../../../src/oci/upload-id.ts';
import { UploadIds } from '../../../src/registry/upload-ids.ts';

const place = { repository: 'team/app' as RepositoryName, uploader: undefined };

it('an id holds its time, its algorithm and the beginning of an HMAC with SHA-256', () => {
  for (const [uploader, whose] of [
    [undefined, 'nobody'],
    ['alice', 'by alice'],
  ] as const) {
    const key = randomBytes(32);
    const id = new UploadIds(key).issue(
      { ...place, uploader },
      { algorithm: 'sha512', startedAtMs: 1_750_000_000_999 },
    );
    expect(isUploadId(id)).toBe(true);
    const bytes = Buffer.from(id.replaceAll('-', ''), 'hex');
    expect(bytes.readUInt32BE(0)).toBe(1_750_000_000);
    const hash = createHmac('sha256', key).update(bytes.subarray(0, 10)).update(`team/app\0${whose}`).digest();
    expect(bytes.subarray(10)).toEqual(hash.subarray(0, 6));
  }
});

it('no two ids are the same, also of one moment, and each is read by its own key alone', () => {
  const [ids, others] = [new UploadIds(randomBytes(32)), new UploadIds(randomBytes(32))];
  const begun = { algorithm: 'sha256', startedAtMs: 1_750_000_000_000 } as const;
  const issued = Array.from({ length: 2_000 }, () => ids.issue(place, begun));
  expect(new Set(issued).size).toBe(2_000);
  for (const id of issued) {
    expect(ids.read(id, place)).toEqual(begun);
    expect(others.read(id, place)).toBeUndefined();
  }
});
