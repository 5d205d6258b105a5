// What is kept of derived facts across restarts, and what is believed of it.

import { describe, expect, it } from 'vitest';
import { factsKey, ownFactsDirectory } from '../../../../src/layout/files/keys.ts';
import { FactsFile } from '../../../../src/layout/manifests/facts-file.ts';
import type { KnownFacts } from '../../../../src/oci/manifest-facts.ts';
import type { RepositoryName } from '../../../../src/oci/reference.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';
import type { ObjectStore } from '../../../../src/storage/object-store.ts';
import { type Content, factsIn, imageIndex, imageManifest, referrerOf } from '../../../support/content.ts';
import { interleaving } from '../../../support/interleaving-store.ts';
import { silentLog } from '../../../support/silent-log.ts';

const key = factsKey(ownFactsDirectory, 'team/app' as RepositoryName);
const image = imageManifest();
const referrer = referrerOf(image, 'application/vnd.example.sbom', { note: 'täxt\nof two lines' });
const type = image.descriptor.mediaType;

const openFile = (store: ObjectStore) => new FactsFile(store, key, silentLog);

/** As the reader does it: asked first, then told. */
async function keep(file: FactsFile, content: Content, facts: KnownFacts = factsIn(content)): Promise<void> {
  expect(await file.get(content.digest, type)).toBeUndefined();
  file.put(content.digest, type, facts);
  await file.flush();
}

async function textIn(store: ObjectStore): Promise<string> {
  return Buffer.from((await store.read(key, 1 << 20))?.bytes ?? []).toString('utf8');
}

describe('facts', () => {
  it('are those that were kept, after a restart, as often as they are asked for', async () => {
    const store = new MemoryStore();
    const index = imageIndex({ manifests: [image] });
    for (const each of [referrer, index]) await keep(openFile(store), each);
    const restarted = openFile(store);
    for (const each of [referrer, index, referrer])
      expect(await restarted.get(each.digest, type)).toEqual(factsIn(each));
  });

  it('of what is no manifest are kept, too', async () => {
    const store = new MemoryStore();
    await keep(openFile(store), image, 'none');
    expect(await openFile(store).get(image.digest, type)).toBe('none');
  });

  it('depend on what the manifest is taken for', async () => {
    const store = new MemoryStore();
    await keep(openFile(store), image);
    expect(await openFile(store).get(image.digest, '')).toBeUndefined();
  });

  it('that are being written already are waited for by whoever flushes', async () => {
    let begins: () => void = () => {};
    let goOn: () => void = () => {};
    const begun = new Promise<void>((resolve) => {
      begins = resolve;
    });
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const memory = new MemoryStore();
    const { store, rightBefore } = interleaving(memory);
    rightBefore('append', () => {
      begins();
      return held;
    });
    const file = openFile(store);
    file.put(image.digest, type, factsIn(image));
    const first = file.flush();
    await begun;
    let isOver = false;
    const second = file.flush().then(() => {
      isOver = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    goOn();
    await Promise.all([first, second]);
    expect(await openFile(memory).get(image.digest, type)).toEqual(factsIn(image));
  });

  it('are written once, however often they are derived', async () => {
    const store = new MemoryStore();
    const file = openFile(store);
    await keep(file, image);
    const before = await textIn(store);
    for (let times = 0; times < 3; times += 1) file.put(image.digest, type, factsIn(image));
    await file.flush();
    const restarted = openFile(store);
    await restarted.get(image.digest, type);
    restarted.put(image.digest, type, factsIn(image));
    await restarted.flush();
    expect(await textIn(store)).toBe(before);
  });

  it('of two processes stand side by side', async () => {
    const store = new MemoryStore();
    const [one, other] = [openFile(store), openFile(store)];
    await keep(one, image);
    expect(await other.get(referrer.digest, type)).toBeUndefined();
    other.put(referrer.digest, type, factsIn(referrer));
    await other.flush();
    const restarted = openFile(store);
    for (const each of [image, referrer]) expect(await restarted.get(each.digest, type)).toEqual(factsIn(each));
  });

  it('are read with one read of the file', async () => {
    const memory = new MemoryStore();
    for (const each of [image, referrer]) await keep(openFile(memory), each);
    const hooked = interleaving(memory);
    const file = openFile(hooked.store);
    for (const each of [image, referrer, imageManifest({ layers: 3 })]) await file.get(each.digest, type);
    expect(hooked.count('read')).toBe(1);
  });
});

describe('a file that', () => {
  it('a crash cut short keeps its whole lines, and what is appended next', async () => {
    const store = new MemoryStore();
    for (const each of [image, referrer]) await keep(openFile(store), each);
    await store.write(key, Buffer.from((await textIn(store)).slice(0, -20)));
    const file = openFile(store);
    expect(await file.get(image.digest, type)).toEqual(factsIn(image));
    const third = imageManifest({ layers: 3 });
    await keep(file, third);
    const restarted = openFile(store);
    for (const each of [image, third]) expect(await restarted.get(each.digest, type)).toEqual(factsIn(each));
    await keep(restarted, referrer);
    expect(await openFile(store).get(referrer.digest, type)).toEqual(factsIn(referrer));
  });

  it.each(['', 'something else\n', '{"moorage":"manifest facts","version":2}\n', '\0\n\t\n'])(
    'is not ours is begun anew: %j',
    async (text) => {
      const store = new MemoryStore();
      await store.write(key, Buffer.from(text));
      await keep(openFile(store), image);
      expect(await openFile(store).get(image.digest, type)).toEqual(factsIn(image));
    },
  );

  it('cannot be read or written costs nothing but the cache', async () => {
    const { store } = interleaving(new MemoryStore());
    const broken: ObjectStore = Object.create(store, {
      read: { value: () => Promise.reject(new Error('unreadable')) },
      append: { value: () => Promise.reject(new Error('unwritable')) },
    });
    const file = openFile(broken);
    await keep(file, image);
    await keep(file, referrer);
  });

  const facts = factsIn(referrer) as Exclude<KnownFacts, 'none'>;
  it.each([
    ['no JSON', '{'],
    ['another digest', JSON.stringify({ ...facts, descriptor: image.descriptor })],
    ['a type that is no manifest', JSON.stringify({ ...facts, descriptor: { ...facts.descriptor, mediaType: 'x/y' } })],
    ['no size', JSON.stringify({ ...facts, descriptor: { ...facts.descriptor, size: '1' } })],
    [
      'annotations that are no texts',
      JSON.stringify({ ...facts, descriptor: { ...facts.descriptor, annotations: { a: 1 } } }),
    ],
    ['annotations that are none', JSON.stringify({ ...facts, descriptor: { ...facts.descriptor, annotations: null } })],
    ['a subject that is no digest', JSON.stringify({ ...facts, subject: 'sha256:1' })],
    ['children that are none', JSON.stringify({ ...facts, children: [{}] })],
    ['no children', JSON.stringify({ ...facts, children: undefined })],
    ['null', 'null'],
  ])('has a line with %s: it is not believed, and written again', async (_, line) => {
    const store = new MemoryStore();
    await keep(openFile(store), image);
    await store.append(key, Buffer.from(`${referrer.digest} ${type}\t${line}\n`));
    const file = openFile(store);
    await keep(file, referrer);
    expect(await openFile(store).get(referrer.digest, type)).toEqual(facts);
  });

  it('says more than we wrote: it is left out', async () => {
    const store = new MemoryStore();
    const more = { ...facts, descriptor: { ...facts.descriptor, urls: ['http://example.com'] } };
    await keep(openFile(store), image);
    await store.append(key, Buffer.from(`${referrer.digest} ${type}\t${JSON.stringify(more)}\n`));
    expect(await openFile(store).get(referrer.digest, type)).toEqual(facts);
  });
});
