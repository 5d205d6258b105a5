// Limits of uploads that two processes of one root count: what each takes the other sees on the disk.
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { newUploadId } from '../../../src/oci/upload-id.ts';
import { UploadLimits } from '../../../src/registry/upload-limits.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';

const rules = { uploadsPerUser: 'off', unfinishedBytesPerUser: 1_000 } as const;

it('what another process takes while bytes come counts as well', async () => {
  const store = new MemoryStore();
  const [here, there] = [new UploadLimits(store, rules, 0), new UploadLimits(store, rules, 0)];
  const [own, other] = [newUploadId(), newUploadId()];
  const limit = await here.limitOf('ann', own);
  expect(limit?.refusal(300)).toBeUndefined();
  const limitThere = await there.limitOf('ann', other);
  expect(limitThere?.refusal(700)).toBeUndefined();
  const staged = await store.stage(other, { uploader: 'ann' });
  await staged.append(Readable.from([Buffer.alloc(700)]), { onChunk: () => {} });
  // The first piece after that looks, and a later one knows.
  limit?.refusal(302);
  for (let at = 0; at < 10; at += 1) await turn();
  expect(limit?.refusal(400)).toMatchObject({ code: 'TOOMANYREQUESTS' });
});
