// The leases of a layout as another process reads them, beside what a stranger may have written into the file.
import { expect, it } from 'vitest';
import { appendLeases, LeaseFile } from '../../../../src/layout/blobs/lease-file.ts';
import { layoutKeys } from '../../../../src/layout/files/keys.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';

const keys = layoutKeys('');
const digest = digestOf(Buffer.from('leased'));
const ages = { since: (atMs: number) => 1_000 - atMs };

it.each([1_000, 1024 * 1024, 3_500_000])('a line of %d bytes hides no lease behind it', async (length) => {
  const store = new MemoryStore(() => 1_000);
  await store.append(keys.leases, Buffer.alloc(length, 'a'));
  await appendLeases(store, keys.leases, [{ digest, atMs: 900, forMs: 500 }]);
  const file = new LeaseFile(store, keys);
  expect([...(await file.read(ages))]).toEqual([digest]);
  const other = digestOf(Buffer.from('later'));
  await appendLeases(store, keys.leases, [{ digest: other, atMs: 950, forMs: 500 }]);
  expect([...(await file.read(ages))]).toEqual([digest, other]);
});

it('no lease holds for longer than ten years, and what is no number is none', async () => {
  const store = new MemoryStore(() => 1_000);
  const other = digestOf(Buffer.from('other'));
  const lines = [
    `${digest} 900 9999999999999999`,
    `${other} 900 99999999999999999`,
    `${other} 900 -1`,
    `${other} 900 1e9`,
  ];
  await store.append(keys.leases, Buffer.from(`${lines.join('\n')}\n`));
  const leasedAfter = async (ms: number) => [...(await new LeaseFile(store, keys).read({ since: () => ms }))];
  const tenYearsMs = 3_653 * 86_400_000;
  expect(await leasedAfter(tenYearsMs)).toEqual([digest]);
  expect(await leasedAfter(tenYearsMs + 1)).toEqual([]);
});
