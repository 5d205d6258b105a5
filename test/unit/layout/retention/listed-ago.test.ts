// How long ago something came into a layout, by the stamps that its file may have.
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Ages } from '../../../../src/layout/collection/ages.ts';
import { firstRecord } from '../../../../src/layout/collection/clock-record.ts';
import { layoutKeys } from '../../../../src/layout/files/keys.ts';
import { parseIndexEntry } from '../../../../src/layout/index/index-entry.ts';
import { listedAgo } from '../../../../src/layout/retention/listed-ago.ts';
import { systemClock } from '../../../../src/storage/clock.ts';
import { imageManifest } from '../../../support/content.ts';
import { newDirectory, readerOnDisk } from '../../storage/filesystem/store-on-disk.ts';

const image = imageManifest();
const day = 86_400_000;

async function ago(mtimeSeconds: number, aheadMs: number): Promise<number> {
  const root = newDirectory();
  mkdirSync(join(root, 'blobs/sha256'), { recursive: true });
  const file = join(root, 'blobs/sha256', image.digest.slice('sha256:'.length));
  writeFileSync(file, image.bytes);
  utimesSync(file, mtimeSeconds, mtimeSeconds);
  const store = await readerOnDisk({}, root);
  const wallMs = Date.now() + aheadMs;
  const ages = new Ages(firstRecord({ wallMs, boot: 'one', uptimeMs: 0 }), () => 0);
  const entry = parseIndexEntry(JSON.stringify(image.descriptor));
  return listedAgo(entry, { store, keys: layoutKeys(''), clock: systemClock }, ages);
}

it.each([0, 1])('a file that a reproducible build dated %d s after 1970 came when it came', async (seconds) => {
  const agoMs = await ago(seconds, 10 * day);
  expect(agoMs).toBeGreaterThan(9 * day);
  expect(agoMs).toBeLessThan(11 * day);
});

it('any other time of a file that another tool wrote counts', async () => {
  expect(await ago(Date.now() / 1_000 - (100 * day) / 1_000, 0)).toBeGreaterThan(99 * day);
});
