// The filesystem driver keeps the promises of the storage seam, and leaves no file of its own behind.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFilesystemStore } from '../../src/storage/filesystem/filesystem-store.ts';
import { silentLog } from '../support/silent-log.ts';
import { objectStoreContract } from './object-store.contract.ts';

objectStoreContract('filesystem', async () => {
  const root = await mkdtemp(join(tmpdir(), 'moorage-contract-'));
  return {
    store: await openFilesystemStore(root, { log: silentLog }),
    another: () => openFilesystemStore(root, { log: silentLog }),
    leftovers: () => driverFiles(root),
    dispose: () => rm(root, { recursive: true, force: true }),
  };
});

/** Drafts, locks, and names in the staging directory. */
async function driverFiles(root: string): Promise<readonly string[]> {
  const paths = await readdir(root, { recursive: true });
  return paths.filter((path) => /(^|\/)\.moorage[.-]/.test(path) || path.startsWith('.moorage/staging/'));
}
