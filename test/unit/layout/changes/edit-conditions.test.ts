// What a push or delete demands of its name (RFC 9110, 13.1), judged where index.json is written: one of several writers wins.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { parseReference } from '../../../../src/oci/reference.ts';
import type { WritableRepository } from '../../../../src/registry/repository.ts';
import type { Key } from '../../../../src/storage/object-store.ts';
import { type Image, imageManifest } from '../../../support/content.ts';
import { interleaving } from '../../../support/interleaving-store.ts';
import { digestAt, pushImage, pushManifest, refusalOf, tagsOf } from '../../../support/pushes.ts';
import {
  directoryRegistry,
  memoryRegistry,
  onEveryDriver,
  registryOver,
} from '../../../support/registry-under-test.ts';

const image = imageManifest();
const imageNumber = (n: number) => imageManifest({ annotations: { n: `${n}` } });
const isNew = { match: undefined, noneMatch: 'any' } as const;
const isStill = ({ digest }: Image) => ({ match: [digest], noneMatch: undefined });
const index = 'a/index.json' as Key;

function put(
  { manifests }: WritableRepository,
  reference: string,
  { bytes, descriptor }: Image,
  precondition: Parameters<WritableRepository['manifests']['put']>[0]['precondition'],
) {
  const contentType = descriptor.mediaType;
  return manifests.put({ reference: parseReference(reference), tags: [], contentType, bytes, precondition });
}

function untag({ manifests }: WritableRepository, tag: string, was: Image) {
  return manifests.delete(parseReference(tag), { precondition: isStill(was) });
}

describe.each(onEveryDriver)('of pushes that arrive together %s', (_, open) => {
  it.each([
    ['one that replaces what all have read wins', isStill(image), true],
    ['one that begins a tag wins', isNew, false],
  ])('%s', async (_what, precondition, exists) => {
    const { repository, store } = await open();
    await pushImage(repository('a'), image, exists ? 'v1' : 'other');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_each, at) => put(repository('a'), 'v1', imageNumber(at), precondition)),
    );
    const won = outcomes.flatMap(({ status }, at) => (status === 'fulfilled' ? [at] : []));
    expect(won).toHaveLength(1);
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason.status).toBe(412);
    expect(await digestAt(repository('a'), 'v1')).toBe(imageNumber(won[0] ?? -1).digest);
    const lost = Array.from({ length: 20 }, (_each, at) => at).filter((at) => at !== won[0]);
    for (const at of lost) expect(await digestAt(repository('a'), imageNumber(at).digest)).toBeUndefined();
    const journal = Buffer.from((await store.read('.moorage/journal/a/.journal' as Key, 1_000_000))?.bytes ?? []);
    const isJournaled = (at: number) => journal.includes(imageNumber(at).digest);
    expect([won[0] ?? -1, ...lost].filter(isJournaled)).toEqual(won);
  });
});

describe('edits of one replacement', () => {
  it('are each judged by what those before it left', async () => {
    const hooked = interleaving((await memoryRegistry()).store);
    const { repository } = registryOver(hooked.store);
    await pushImage(repository('a'), image, 'v1');
    let deletes: Promise<readonly PromiseSettledResult<void>[]> | undefined;
    // They come while the push is about to be published; in memory, all that they do before has ended by the next turn.
    hooked.rightBefore('update', async () => {
      const read = [image, imageNumber(1), imageNumber(1)];
      deletes = Promise.allSettled(read.map((was) => untag(repository('a'), 'v1', was)));
      await nextTurn();
    });
    const updates = hooked.count('update');
    await put(repository('a'), 'v1', imageNumber(1), isStill(image));
    const outcomes = await deletes;
    expect(hooked.count('update')).toBe(updates + 1);
    expect(outcomes).toMatchObject([
      { status: 'rejected', reason: { status: 412 } },
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'MANIFEST_UNKNOWN' } },
    ]);
    expect(await digestAt(repository('a'), 'v1')).toBeUndefined();
  });
});

describe('a demand that fails under the lock', () => {
  it('leaves nothing of the push behind', async () => {
    const { store: inner } = await memoryRegistry();
    const hooked = interleaving(inner);
    const { repository } = registryOver(hooked.store);
    await pushImage(repository('a'), image, 'v1');
    const other = registryOver(inner).repository('a');
    // Another server moves the tag when the push has been looked at and its manifest's file is there.
    hooked.rightBefore('update', () => pushManifest(other, 'v1', imageNumber(2)), index);
    expect(await refusalOf(put(repository('a'), 'v1', imageNumber(3), isStill(image)))).toMatchObject({ status: 412 });
    expect(await digestAt(repository('a'), 'v1')).toBe(imageNumber(2).digest);
    expect(await inner.stat(`a/blobs/${imageNumber(3).digest.replace(':', '/')}` as Key)).toBeUndefined();
    expect(await inner.read(index, 100_000).then((read) => Buffer.from(read?.bytes ?? []).toString())).not.toContain(
      imageNumber(3).digest,
    );
  });

  it('keeps the file of a manifest that another tag has', async () => {
    const { repository } = await directoryRegistry();
    await pushImage(repository('a'), image, 'v1');
    await pushManifest(repository('a'), 'v2', imageNumber(2));
    await refusalOf(put(repository('a'), 'v1', imageNumber(2), isStill(imageNumber(7))));
    expect(await digestAt(repository('a'), 'v2')).toBe(imageNumber(2).digest);
  });
});

describe('a repository that does not exist', () => {
  it('is not begun by a push that demands what is not there', async () => {
    const { repository, root } = await directoryRegistry();
    expect(await refusalOf(put(repository('a'), 'v1', image, isStill(image)))).toMatchObject({ status: 412 });
    expect(existsSync(`${root}/a`)).toBe(false);
    expect(readdirSync(root).filter((name) => !name.startsWith('.'))).toEqual([]);
  });

  it('is begun by one of two that demand that nothing is there', async () => {
    const { repository } = await directoryRegistry();
    const outcomes = await Promise.allSettled([1, 2].map((n) => put(repository('a'), 'v1', imageNumber(n), isNew)));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('two servers on one directory', () => {
  it('let one of two writers win, time after time', async () => {
    const one = await directoryRegistry();
    const two = await one.another();
    await pushImage(one.repository('a'), image, 'v1');
    let current = image;
    for (let round = 0; round < 10; round += 1) {
      const next = [imageNumber(2 * round), imageNumber(2 * round + 1)] as const;
      const outcomes = await Promise.allSettled(
        [one, two].map(({ repository }, at) => put(repository('a'), 'v1', next[at === 0 ? 0 : 1], isStill(current))),
      );
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      current = next[outcomes[0]?.status === 'fulfilled' ? 0 : 1];
      for (const { repository } of [one, two]) expect(await digestAt(repository('a'), 'v1')).toBe(current.digest);
    }
  });
});

describe('a push whose replacement came too late', () => {
  it('is acknowledged when another server carried out what it had announced', async () => {
    const { store: inner } = await memoryRegistry();
    const hooked = interleaving(inner);
    const { repository } = registryOver(hooked.store);
    await pushImage(repository('a'), image, 'v1');
    await tagsOf(repository('a'));
    const before = Buffer.from((await inner.read(index, 100_000))?.bytes ?? []).toString();
    const after = before.replaceAll(image.digest, imageNumber(2).digest);
    // Asked for once the edit is applied, before anything is published: the file is another one by the time that we would publish.
    hooked.rightAfter('stat', () => inner.write(index, Buffer.from(after)), 'a/oci-layout' as Key);
    await put(repository('a'), 'v1', imageNumber(2), isStill(image));
    expect(await digestAt(repository('a'), 'v1')).toBe(imageNumber(2).digest);
  });
});

describe('an entry whose manifest is gone', () => {
  it('counts as nothing, as it does for a pull', async () => {
    const { repository, root, another } = await directoryRegistry();
    await pushImage(repository('a'), image, 'v1');
    rmSync(`${root}/a/blobs/${image.digest.replace(':', '/')}`);
    rmSync(`${root}/.moorage/journal`, { recursive: true });
    const next = (await another()).repository('a');
    expect(await digestAt(next, 'v1')).toBeUndefined();
    expect(await refusalOf(put(next, 'v1', imageNumber(2), isStill(image)))).toMatchObject({ status: 412 });
    await put(next, 'v1', imageNumber(3), isNew);
    expect(await digestAt(next, 'v1')).toBe(imageNumber(3).digest);
  });
});

describe('a repository among several in one layout', () => {
  it('answers for its own tag', async () => {
    const { repository } = await memoryRegistry();
    await pushImage(repository('a'), image, 'v1');
    await pushImage(repository('b'), imageNumber(1), 'v1');
    expect(await refusalOf(put(repository('b'), 'v1', imageNumber(2), isStill(image)))).toMatchObject({ status: 412 });
    await put(repository('b'), 'v1', imageNumber(2), isStill(imageNumber(1)));
    expect(await refusalOf(untag(repository('b'), 'absent', image))).toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  });
});
