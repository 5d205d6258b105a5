// Removing a directory with what is in it, from held directory to held directory: a symbolic link is removed and never followed, also one
// that takes the place of a directory meanwhile.
import { rm } from 'node:fs/promises';
import { errnoOf } from './errno.ts';
import { type FileTree, nameOf, parentOf } from './file-tree.ts';
import type { HeldDirectory } from './held-directory.ts';

/** Whoever fills it while it is removed gives up before. */
const attempts = 10;

/** Nothing when it is absent. */
export async function removeTree(tree: FileTree, key: string): Promise<void> {
  const parent = tree.tryHold(parentOf(key));
  try {
    if (parent !== undefined) await removeEntry(tree, parent, nameOf(key));
  } finally {
    parent?.close();
  }
}

/** The same by its path, where nobody else can be at work any more; nothing when it is absent. */
export async function removeDirectoryAt(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

async function removeEntry(tree: FileTree, parent: HeldDirectory, name: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (parent.lstat(name)?.isDirectory() === true) await removeDirectory(tree, parent, name);
      else await tree.calls.unlink(parent.at(name));
      return;
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENOENT') return;
      const hasChanged = code === 'ENOTEMPTY' || code === 'EISDIR' || code === 'ENOTDIR';
      if (!hasChanged || attempt === attempts) throw error;
    }
  }
}

async function removeDirectory(tree: FileTree, parent: HeldDirectory, name: string): Promise<void> {
  await tree.holding(parent.keyOf(name), async (held) => {
    for (const entry of await tree.calls.readdir(held.path)) await removeEntry(tree, held, entry.name);
  });
  tree.calls.rmdirSync(parent.at(name));
}
