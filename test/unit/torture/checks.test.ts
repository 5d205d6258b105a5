// The judge of `npm run torture` must know what has to hold, and what an unanswered request leaves open.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { blobOf, imageIndex, imageManifest, referrerOf } from '../../support/content.ts';
import { Draws } from '../../support/draws.ts';
import { checkAll } from '../../torture/checks.ts';
import { type Manifest, Model, type Rules, type Times } from '../../torture/model.ts';
import { looseIn } from '../../torture/rules.ts';

const graceMs = 60_000;
const rules: Rules = { tags: 'old-', keepNewest: 1, keepPushedWithinMs: 30_000, untaggedMs: 30_000 };
const image = imageManifest({ layers: 1 });
const manifest: Manifest = {
  repository: 'app',
  owner: 0,
  content: image,
  blobs: [image.config, ...image.layers],
  children: [],
  subject: undefined,
};

const now = (): Times => at(0);

function at(agoMs: number): Times {
  const ms = Date.now() - agoMs;
  return { sentMs: ms, endMs: ms };
}

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
  const model = new Model(graceMs, rules);
  model.pushed(manifest, 'v1', true, now());
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
    const model = new Model(graceMs, rules);
    model.pushed(manifest, 'v1', false, now());
    await checkAll(await serverWith(seen), model);
    await expect(checkAll(await serverWith(other), model)).rejects.toThrow(/manifest sha256|manifest app@/);
  }
});

it('takes no half of a push without an answer', async () => {
  const model = new Model(graceMs, rules);
  model.pushed(manifest, 'v1', false, now());
  const { [`/v2/app/blobs/${image.layers[0]?.digest}`]: _, ...others } = whole();
  await expect(checkAll(await serverWith(others), model)).rejects.toThrow('lost its blob');
});

it('lets an image lack what was deleted while it was pushed, unless references are required, and nothing else', async () => {
  const [layer] = image.layers;
  const { [`/v2/app/blobs/${layer?.digest}`]: _, ...others } = whole();
  const without = await serverWith(others);
  const pushed = (untaggedMs: Rules['untaggedMs'], deletedAgoMs: number) => {
    const model = new Model(graceMs, { ...rules, untaggedMs });
    const deletion = model.blobDelete('app', layer?.digest ?? '', at(deletedAgoMs).sentMs);
    deletion.endMs = deletion.sentMs;
    model.pushed(manifest, 'v1', true, { ...at(10_000), lookedMs: at(20_000).sentMs });
    return model;
  };
  await checkAll(without, pushed('keep', 15_000));
  for (const [untaggedMs, deletedAgoMs] of [
    ['keep', 30_000],
    ['keep', 5_000],
    [30_000, 15_000],
  ] as const)
    await expect(checkAll(without, pushed(untaggedMs, deletedAgoMs))).rejects.toThrow('lost its blob');
});

it('finds what was deleted and is there', async () => {
  const model = new Model(graceMs, rules);
  model.pushed(manifest, 'v1', true, now());
  for (const known of model.manifests.values()) model.removed(known, true, now());
  await expect(checkAll(await serverWith(whole()), model)).rejects.toThrow('was deleted and is there');
});

it('asks for a blob that nothing leads to until its lease ends', async () => {
  const model = new Model(graceMs, rules);
  const blob = blobOf('alone');
  model.told('app', blob, Date.now());
  await expect(checkAll(await serverWith({}), model)).rejects.toThrow('leased and is gone');
  model.told('app', blob, Date.now() - 2 * graceMs);
  await checkAll(await serverWith({}), model);
});

it('takes what a rule may have taken, and nothing that it may not', async () => {
  const rolled = imageManifest({ layers: 1, annotations: { edition: '2' } });
  const newer: Manifest = { ...manifest, content: rolled };
  const onlyNewer = whole();
  delete onlyNewer['/v2/app/manifests/v1'];
  const served = await serverWith({
    ...onlyNewer,
    '/v2/app/manifests/old-2': rolled.bytes,
    [`/v2/app/manifests/${rolled.digest}`]: rolled.bytes,
    '/v2/app/tags/list': Buffer.from('{"tags":["old-2"]}'),
  });
  const pushed = (firstAgoMs: number, secondAgoMs: number) => {
    const model = new Model(graceMs, rules);
    model.pushed(manifest, 'old-1', true, at(firstAgoMs));
    model.pushed(newer, 'old-2', true, at(secondAgoMs));
    return model;
  };
  await checkAll(served, pushed(100_000, 0));
  await expect(checkAll(served, pushed(10_000, 0)), 'pushed a moment ago').rejects.toThrow('app:old-1 means nothing');
  await expect(checkAll(served, pushed(100_000, 110_000)), 'the newest').rejects.toThrow('app:old-1 means nothing');
});

it('misses a manifest only while something may lead to it, or it is young', async () => {
  const index = imageIndex({ manifests: [image] });
  const above: Manifest = { ...manifest, content: index, blobs: [], children: [image] };
  const without = await serverWith({});
  const lost = 'manifest app@';
  const alone = new Model(graceMs, rules);
  alone.pushed(manifest, undefined, true, at(10_000));
  await expect(checkAll(without, alone)).rejects.toThrow(lost);
  alone.pushed(manifest, undefined, true, at(100_000));
  await checkAll(without, alone);
  const listed = new Model(graceMs, rules);
  listed.pushed(manifest, undefined, true, at(100_000));
  listed.pushed(above, 'v1', true, at(100_000));
  const onlyIndex = { [`/v2/app/manifests/${index.digest}`]: index.bytes };
  await expect(checkAll(await serverWith(onlyIndex), listed)).rejects.toThrow(`${lost}${image.digest} is lost`);
  const kept = new Model(graceMs, { ...rules, untaggedMs: 'keep' });
  kept.pushed(manifest, undefined, true, at(100_000));
  await expect(checkAll(without, kept)).rejects.toThrow(lost);
});

it('knows what no tag leads to in the end', () => {
  const index: Manifest = { ...manifest, content: imageIndex({ manifests: [image] }), blobs: [], children: [image] };
  const referrer: Manifest = { ...manifest, content: referrerOf(image, 'application/example'), subject: image };
  const model = new Model(graceMs, rules);
  const loose = () => looseIn(model).map(({ content }) => content.digest);
  for (const each of [manifest, referrer]) model.pushed(each, undefined, true, now());
  expect(loose()).toEqual([image.digest, referrer.content.digest]);
  model.pushed(index, 'v1', true, now());
  expect(loose()).toEqual([]);
  model.untagged('app', 'v1', true, now());
  expect(loose()).toHaveLength(3);
});

it('knows what a rollback goes back to', () => {
  const other: Manifest = { ...manifest, content: imageManifest({ layers: 1, annotations: { edition: '2' } }) };
  const model = new Model(graceMs, rules);
  const tag = model.tag('app', 'v1');
  const before = () => tag.before?.digest;
  model.pushed(manifest, 'v1', true, now());
  expect(before()).toBeUndefined();
  model.untagged('app', 'v1', true, now());
  expect(before()).toBe(image.digest);
  model.rolledBack(tag, image.digest, true, now());
  expect(before()).toBeUndefined();
  model.pushed(other, 'v1', true, now());
  expect(before()).toBe(image.digest);
  model.rolledBack(tag, image.digest, true, now());
  expect(before()).toBe(other.content.digest);
  model.pushed(other, 'v1', false, now());
  expect([before(), [...tag.meant].sort()]).toEqual([undefined, [image.digest, other.content.digest].sort()]);
});

it('draws the same from the same seed', () => {
  const drawn = (seed: number, label: string) => new Draws(seed, label).bytes(16).toString('hex');
  expect(drawn(1, 'a')).toBe(drawn(1, 'a'));
  expect(new Set([drawn(1, 'a'), drawn(2, 'a'), drawn(1, 'b')]).size).toBe(3);
});
