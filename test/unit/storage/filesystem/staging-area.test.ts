// What failed writes left in `.moorage/` goes while the server runs.
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { newUploadId } from '../../../../src/oci/upload-id.ts';
import { systemCalls } from '../../../../src/storage/filesystem/system-calls.ts';
import { storeOnDisk } from './store-on-disk.ts';

const minute = 60_000;

test('a draft and half of an upload go an hour after they were seen, whatever the clock says; an upload stays', async () => {
  const time = { now: 0, elapsed: 0 };
  const { store, at } = await storeOnDisk({
    now: () => systemCalls.now() + time.now,
    elapsed: () => systemCalls.elapsed() + time.elapsed,
  });
  const kept = newUploadId();
  await store.stage(kept, {});
  const half = newUploadId();
  mkdirSync(at(`.moorage/uploads/${half}`));
  writeFileSync(at(`.moorage/uploads/${half}/data`), 'x');
  mkdirSync(at('.moorage/staging'), { recursive: true });
  writeFileSync(at('.moorage/staging/draft'), 'x');
  utimesSync(at('.moorage/staging/draft'), 0, 0);
  const left = () => [...readdirSync(at('.moorage/staging')), ...readdirSync(at('.moorage/uploads'))].sort();
  const all = ['draft', half, kept].sort();
  await store.sweep();
  // By three years.
  time.now = 3 * 365 * 24 * 60 * minute;
  time.elapsed = 59 * minute;
  await store.sweep();
  expect(left()).toEqual(all);
  time.now = -time.now;
  time.elapsed = 61 * minute;
  // Begun meanwhile.
  writeFileSync(at('.moorage/staging/young'), 'x');
  await store.sweep();
  expect(left()).toEqual([kept, 'young'].sort());
});
