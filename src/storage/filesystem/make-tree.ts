// A directory with those above it, as far as they are not there.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Not mkdir's own `recursive`: that one never returns where a parent exists and yet refuses with ENOENT, as /proc does. */
export async function makeTree(path: string, mode: number): Promise<void> {
  const parent = dirname(path);
  if (!existsSync(parent)) await makeTree(parent, mode);
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (!existsSync(path)) throw error;
  }
}
