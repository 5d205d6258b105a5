// Takes large files of a finished turn away from the disk behind the server's back, so that a benchmark needs gigabytes
// and not hundreds of them. Nothing that is removed is asked for again.

import { readdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Removes every regular file of at least `size` bytes that was written after `since`. */
export function removeNewLargeFiles(root: string, size: number, since: number): void {
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const { size: bytes, mtimeMs } = statSync(path);
    if (bytes >= size && mtimeMs > since) unlinkSync(path);
  }
}
