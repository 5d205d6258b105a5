// The reading half of the storage seam, kept by the drivers that only read, and by those that they are measured against.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openArchiveStore } from '../../src/storage/archive/archive-store.ts';
import { openFilesystemReader } from '../../src/storage/filesystem/filesystem-reader.ts';
import { openFilesystemStore } from '../../src/storage/filesystem/filesystem-store.ts';
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { silentLog } from '../support/silent-log.ts';
import { pax, tarOf } from '../unit/storage/archive/tar-writer.ts';
import { type OpenWith, readingContract } from './reading.contract.ts';
import { key } from './store-under-test.ts';

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'moorage-contract-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

const archiveWith =
  (base: string): OpenWith =>
  async (objects) => {
    const directory = await newDirectory();
    const members = Object.entries(objects).flatMap(([path, content]) => [
      pax({ path: `${base}${path}` }),
      { path: 'cut', content: Buffer.from(content) },
    ]);
    const file = join(directory, 'layout.tar');
    await writeFile(file, tarOf(...members));
    return openArchiveStore(file, { log: silentLog, workDirectory: join(directory, 'work'), base: base.slice(0, -1) });
  };

async function filled<Store extends ObjectStore>(
  store: Store,
  objects: Readonly<Record<string, Uint8Array>>,
): Promise<Store> {
  for (const [path, bytes] of Object.entries(objects)) await store.write(key(path), bytes);
  return store;
}

readingContract('archive', archiveWith(''));
readingContract('archive, below a directory', archiveWith('my/layout/'));
readingContract('memory', (objects) => filled(new MemoryStore(), objects));
readingContract('filesystem', async (objects) =>
  filled(await openFilesystemStore(await newDirectory(), { log: silentLog }), objects),
);
readingContract('filesystem, for reading', async (objects) => {
  const directory = await newDirectory();
  await (await filled(await openFilesystemStore(directory, { log: silentLog }), objects)).close();
  return openFilesystemReader(directory, { log: silentLog });
});
