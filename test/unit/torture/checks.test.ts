// The judge of `npm run torture` must know what has to hold, and what an unanswered request leaves open.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { blobOf, imageManifest } from '../../support/content.ts';
import { checkAll } from '../../torture/checks.ts';
import { Draws } from '../../torture/draws.ts';
import { type Manifest, Model } from '../../torture/model.ts';

const graceMs = 60_000;
const image = imageManifest({ layers: 1 });
const manifest: Manifest = {
  repository: 'app',
  owner: 0,
  content: image,
  blobs: [image.config, ...image.layers],
  children: [],
  subject: undefined,
};

/** Answers those paths, and 404 to others. */
async function serverWith(paths: Readonly<Record<string, Buffer>>): Promise<string> {
  const server = createServer((asked, answer) => {
    const bytes = paths[asked.url ?? ''];
    answer.statusCode = bytes === undefined ? 404 : 200;
    answer.end(bytes);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function whole(): Record<string, Buffer> {
  const blobs = manifest.blobs.map(({ digest, bytes }) => [`/v2/app/blobs/${digest}`, bytes] as const);
  const manifests = ['v1', image.digest].map((reference) => [`/v2/app/manifests/${reference}`, image.bytes] as const);
  return Object.fromEntries([...blobs, ...manifests, ['/v2/app/tags/list', Buffer.from('{"tags":["v1"]}')]]);
}

it('finds what was acknowledged and is gone', async () => {
  const model = new Model(graceMs);
  model.pushed(manifest, 'v1', true);
  await checkAll(await serverWith(whole()), model);
  for (const path of Object.keys(whole())) {
    const { [path]: _, ...others } = whole();
    await expect(checkAll(await serverWith(others), model), path).rejects.toThrow(/lost|means|lists/);
  }
});

it('takes either outcome of a push without an answer, and holds to the one that was seen', async () => {
  for (const [seen, other] of [
    [whole(), {}],
    [{}, whole()],
  ] as const) {
    const model = new Model(graceMs);
    model.pushed(manifest, 'v1', false);
    await checkAll(await serverWith(seen), model);
    await expect(checkAll(await serverWith(other), model)).rejects.toThrow(/manifest sha256|manifest app@/);
  }
});

it('takes no half of a push without an answer', async () => {
  const model = new Model(graceMs);
  model.pushed(manifest, 'v1', false);
  const { [`/v2/app/blobs/${image.layers[0]?.digest}`]: _, ...others } = whole();
  await expect(checkAll(await serverWith(others), model)).rejects.toThrow('lost its blob');
});

it('finds what was deleted and is there', async () => {
  const model = new Model(graceMs);
  model.pushed(manifest, 'v1', true);
  for (const known of model.manifests.values()) model.removed(known, true);
  await expect(checkAll(await serverWith(whole()), model)).rejects.toThrow('was deleted and is there');
});

it('asks for a blob that nothing leads to until its lease ends', async () => {
  const model = new Model(graceMs);
  const blob = blobOf('alone');
  model.told('app', blob, Date.now());
  await expect(checkAll(await serverWith({}), model)).rejects.toThrow('leased and is gone');
  model.told('app', blob, Date.now() - 2 * graceMs);
  await checkAll(await serverWith({}), model);
});

it('draws the same from the same seed', () => {
  const drawn = (seed: number, label: string) => new Draws(seed, label).bytes(16).toString('hex');
  expect(drawn(1, 'a')).toBe(drawn(1, 'a'));
  expect(new Set([drawn(1, 'a'), drawn(2, 'a'), drawn(1, 'b')]).size).toBe(3);
});
