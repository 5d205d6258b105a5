// Uploads that are stored nowhere: whose the key is that tells of them, and how often that is asked.
import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import type { RepositoryName } from '../../../src/oci/reference.ts';
import { newUploadId } from '../../../src/oci/upload-id.ts';
import { BegunUploads } from '../../../src/registry/begun-uploads.ts';
import { TestClock } from '../../support/test-clock.ts';

const place = { repository: 'team/app' as RepositoryName, uploader: undefined };

it('a key of another user is asked for once a minute, and used once it may be', async () => {
  const clock = new TestClock();
  let key: Uint8Array | undefined;
  let asked = 0;
  const secret = async () => {
    asked += 1;
    return key;
  };
  const begun = new BegunUploads({ store: { secret }, clock, expireAfterMs: 3_600_000 });
  for (let count = 0; count < 5; count += 1) {
    expect(await begun.begin(place, 'sha256')).toBeUndefined();
    expect(await begun.find(place, newUploadId())).toBeUndefined();
    clock.advance(1_000);
  }
  expect(asked).toBe(1);
  key = randomBytes(32);
  clock.advance(60_000);
  const issued = await begun.begin(place, 'sha256');
  expect(asked).toBe(2);
  expect(issued && (await begun.find(place, issued.id))).toMatchObject({ algorithm: 'sha256' });
});
