// Telling from the bytes of an index.json whether it may hold full names.
import { expect, it } from 'vitest';
import { layoutKeys } from '../../../../src/layout/files/keys.ts';
import { parseIndexDocument } from '../../../../src/layout/index/index-parse.ts';
import { type GlancedNames, glanceAtNames } from '../../../../src/layout/names/full-names.ts';
import { parseRepositoryName } from '../../../../src/oci/reference.ts';
import { MemoryStore } from '../../../../src/storage/memory/memory-store.ts';
import { fixtureNames, putLayout } from '../../../support/fixture-layouts.ts';

const keys = layoutKeys(parseRepositoryName('app'));

async function probe(text: string): Promise<GlancedNames> {
  const store = new MemoryStore();
  await store.write(keys.index, Buffer.from(text));
  return glanceAtNames(store, keys);
}

it.each([
  ['{"manifests":[{"annotations":{"org.opencontainers.image.ref.name":"v1"}}]}', 'one'],
  ['{"manifests":[{"annotations":{"org.opencontainers.image.ref.name":"a/b"}}]}', 'unknown'],
  ['{"manifests":[{"annotations":{"org.opencontainers.image.ref.name" : "app:v1"}}]}', 'unknown'],
  ['{"manifests":[{"annotations":{"org.opencontainers.image.ref.name":\n"app@sha256:x"}}]}', 'unknown'],
  ['{"manifests":[{"annotations":{"org.opencontainers.image.ref.name":"app\\u003av1"}}]}', 'unknown'],
  ['{"manifests":[{"annotations":{"io.containerd.image.name":"app"}}]}', 'unknown'],
  [
    '{"manifests":[{"annotations":{"org.opencontainers.image.base.name":"docker.io/library/nginx:latest"}}]}',
    'unknown',
  ],
  ['{"manifests":[{"annotations":{"org.opencontainers.image.ref.name":"a/b:v1,a/c:v1"}}]}', 'unknown'],
  // In the middle of being written.
  ['', 'one'],
  ['{"manifests":[', 'one'],
  ['{"schemaVersion":2,"manifests":[]}', 'none'],
  ['{"schemaVersion":2,"manifests":null,"annotations":{"a":"b"}}', 'none'],
  ['{"schemaVersion":2,"manifests":[{}]}', 'one'],
  ['[]', 'one'],
])('%s: %s', async (text, names) => {
  expect(await probe(text)).toBe(names);
});

it('a layout that is not there holds none', async () => {
  expect(await glanceAtNames(new MemoryStore(), keys)).toBe('none');
});

it('misses no full name of any tool', async () => {
  for (const fixture of fixtureNames()) {
    const store = new MemoryStore();
    await putLayout(store, 'app', fixture);
    const bytes = (await store.read(keys.index, 1 << 20))?.bytes ?? new Uint8Array();
    const holds = parseIndexDocument(Buffer.from(bytes), undefined).entries.some(({ name }) => name.kind === 'full');
    if (holds) expect([fixture, await glanceAtNames(store, keys)]).toEqual([fixture, 'unknown']);
  }
});
