// Telling from the bytes of an index.json whether it may hold full names.
import { expect, it } from 'vitest';
import { layoutKeys } from '../../../../src/layout/files/keys.ts';
import { parseIndexDocument } from '../../../../src/layout/index/index-document.ts';
import { mayHoldFullNames } from '../../../../src/layout/names/full-names.ts';
import { parseRepositoryName } from '../../../../src/oci/reference.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';
import { fixtureNames, putLayout } from '../../../support/fixture-layouts.ts';

const keys = layoutKeys(parseRepositoryName('app'));

async function probe(text: string): Promise<boolean> {
  const store = new MemoryStore();
  await store.write(keys.index, Buffer.from(text));
  return mayHoldFullNames(store, keys);
}

it.each([
  ['{"annotations":{"org.opencontainers.image.ref.name":"v1"}}', false],
  ['{"annotations":{"org.opencontainers.image.ref.name":"a/b"}}', true],
  ['{"annotations":{"org.opencontainers.image.ref.name" : "app:v1"}}', true],
  ['{"annotations":{"org.opencontainers.image.ref.name":\n"app@sha256:x"}}', true],
  ['{"annotations":{"org.opencontainers.image.ref.name":"app\\u003av1"}}', true],
  ['{"annotations":{"io.containerd.image.name":"app"}}', true],
  ['{"annotations":{"org.opencontainers.image.base.name":"docker.io/library/nginx:latest"}}', true],
  ['{"annotations":{"org.opencontainers.image.ref.name":"a/b:v1,a/c:v1"}}', true],
  ['', false],
])('%s: %s', async (text, may) => {
  expect(await probe(text)).toBe(may);
});

it('a layout that is not there holds none', async () => {
  expect(await mayHoldFullNames(new MemoryStore(), keys)).toBe(false);
});

it('misses no full name of any tool', async () => {
  for (const fixture of fixtureNames()) {
    const store = new MemoryStore();
    await putLayout(store, 'app', fixture);
    const bytes = (await store.read(keys.index, 1 << 20))?.bytes ?? new Uint8Array();
    const holds = parseIndexDocument(Buffer.from(bytes), undefined).entries.some(({ name }) => name.kind === 'full');
    if (holds) expect([fixture, await mayHoldFullNames(store, keys)]).toEqual([fixture, true]);
  }
});
