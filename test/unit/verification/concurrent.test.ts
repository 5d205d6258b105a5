// A verification beside somebody who writes: what is half done is not called wrong, and neither is what was deleted on purpose.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { InspectedPart } from '../../../src/inspection/inspection.ts';
import { encodedOf } from '../../../src/oci/digest.ts';
import { openFilesystemReader } from '../../../src/storage/filesystem/filesystem-reader.ts';
import { lookUntilSteady } from '../../../src/verification/steady-look.ts';
import { findingsOf, serveRoot } from '../../hostile/stranger.ts';
import { blobOf, imageIndex, imageManifest } from '../../support/content.ts';
import { silentLog } from '../../support/silent-log.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { pushedRoot, verified } from '../../support/verified.ts';

const image = imageManifest({ layers: [blobOf('the bytes of a layer')] });
const codesOf = async (root: string, laterMs = 0) =>
  findingsOf((await verified(root, { isRoot: true, laterMs })).parts).map(({ code, digest }) => [code, digest]);

const wrong = {
  findings: [{ code: 'dangling-tag', findings: [{ severity: 'error' }], omitted: 0 }],
} as never as InspectedPart;
const right = { findings: [] } as never as InspectedPart;

/** Each look finds what is given, after which `write` is done. */
async function looks(
  found: readonly (InspectedPart | undefined)[],
  write: (root: string, look: number) => void,
  laterMs = 0,
) {
  const root = await pushedRoot(image, 'app');
  const reader = await openFilesystemReader(root, { log: silentLog });
  let count = 0;
  const look = async () => {
    const part = found[count];
    count += 1;
    write(root, count);
    return { part };
  };
  const place = { reader, prefix: 'app' as never, now: () => Date.now() + laterMs };
  const { part } = await lookUntilSteady(look, place);
  return { part, count };
}

it('what is wrong while somebody writes is looked at again, and what is right is not', async () => {
  const touch = (root: string, look: number) =>
    look === 1 && writeFileSync(join(root, `app/blobs/sha256/${'a'.repeat(64)}`), 'new');
  expect(await looks([wrong, right], touch, 10_000)).toEqual({ part: right, count: 2 });
  expect(await looks([undefined, right], touch, 10_000)).toEqual({ part: right, count: 2 });
  // It was written lately, and may be in the middle.
  expect(await looks([wrong, wrong, right], () => {})).toEqual({ part: wrong, count: 2 });
  // Nobody writes.
  expect(await looks([wrong, right], () => {}, 10_000)).toEqual({ part: wrong, count: 1 });
  expect(await looks([right], () => {})).toEqual({ part: right, count: 1 });
});

it('gives up where somebody writes all the time', async () => {
  const always = (root: string, look: number) => writeFileSync(join(root, `app/blobs/sha256/${look}`), '');
  expect(await looks([wrong, wrong, wrong, wrong, wrong, right], always)).toEqual({ part: wrong, count: 5 });
});

it('a first push that is under way is nothing wrong; blobs that were left for an hour are', async () => {
  const root = await temporaryDirectory();
  const { post, stop } = await serveRoot(root);
  const [layer] = image.layers;
  expect((await post(`/v2/new/app/blobs/uploads/?digest=${layer?.digest}`, layer?.bytes)).status).toBe(201);
  await stop();
  expect(await codesOf(root)).toEqual([]);
  expect(await codesOf(root, 3_600_000)).toEqual([['index-missing', undefined]]);
  // What was listed, and is not there any more, is at once.
  const pushed = await pushedRoot(image, 'app');
  rmSync(join(pushed, 'app/index.json'));
  expect((await codesOf(pushed)).map(([code]) => code)).toContain('index-missing');
});

it('a child that was deleted on purpose is no damage, and one that is lost is', async () => {
  const root = await temporaryDirectory();
  const { put, post, del, stop } = await serveRoot(root);
  const children = ['amd64', 'arm64'].map((text) => imageManifest({ layers: [blobOf(text)] }));
  const index = imageIndex({ manifests: children });
  for (const child of children) {
    for (const { bytes, digest } of [child.config, ...child.layers])
      await post(`/v2/app/blobs/uploads/?digest=${digest}`, bytes);
    await put(`/v2/app/manifests/${child.digest}`, child.bytes, child.descriptor.mediaType);
  }
  await put('/v2/app/manifests/v1', index.bytes, index.descriptor.mediaType);
  const [deleted, lost] = children;
  expect((await del(`/v2/app/manifests/${deleted?.digest}`)).status).toBe(202);
  await stop();
  expect(await codesOf(root)).toEqual([['deleted-child', deleted?.digest]]);
  const repaired = await verified(root, { isRoot: true, repair: true });
  expect(repaired.repairs).toEqual([]);
  rmSync(join(root, 'app/blobs/sha256', encodedOf(lost?.digest ?? index.digest)));
  expect((await codesOf(root)).map(([code]) => code)).toContain('lost-manifest');
});
