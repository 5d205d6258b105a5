// Removes directories that nothing is in any more. rmdir(2) refuses all others, whatever somebody puts there meanwhile; and whoever is
// about to write into one makes it again (directories.ts).
import type { Dirent } from 'node:fs';
import type { EmptyPrefixRules, Key } from '../object-store.ts';
import { isOwnName } from '../own-names.ts';
import { errnoOf, meansAbsent } from './errno.ts';
import { type FileTree, nameOf, parentOf } from './file-tree.ts';

/** Those below `prefix` that went, innermost first; `prefix` itself stays. */
export async function removeEmptyDirectories(
  tree: FileTree,
  prefix: Key,
  rules: EmptyPrefixRules,
): Promise<readonly Key[]> {
  const removed: Key[] = [];
  await removeBelow(tree, prefix, rules, removed);
  return removed;
}

async function removeBelow(tree: FileTree, key: Key, rules: EmptyPrefixRules, removed: Key[]): Promise<void> {
  const entries = await entriesOf(tree, key);
  const directories = new Set(entries.filter((entry) => entry.isDirectory()).map(({ name }) => name));
  const names = entries.map(({ name }) => name);
  for (const name of rules.below(key, names)) {
    if (!directories.has(name) || isOwnName(name)) continue;
    const child = (key === '' ? name : `${key}/${name}`) as Key;
    // Before what is in it goes, which is a change as well.
    const stats = tree.calls.lstatSync(tree.pathOf(child));
    if (stats?.isDirectory() !== true) continue;
    await removeBelow(tree, child, rules, removed);
    if (rules.mayGo(Math.max(stats.mtimeMs, stats.ctimeMs)) && removeOne(tree, child)) removed.push(child);
  }
}

async function entriesOf(tree: FileTree, key: Key): Promise<readonly Dirent[]> {
  const held = tree.tryHold(key);
  try {
    return held === undefined ? [] : await tree.calls.readdir(held.path);
  } finally {
    held?.close();
  }
}

function removeOne(tree: FileTree, key: Key): boolean {
  const parent = tree.tryHold(parentOf(key));
  try {
    parent && tree.calls.rmdirSync(parent.at(nameOf(key)));
    return parent !== undefined;
  } catch (error) {
    const code = errnoOf(error);
    // EEXIST is another name for it; what is no directory any more is somebody else's as well.
    if (meansAbsent(error) || code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR' || code === 'EBUSY')
      return false;
    throw error;
  } finally {
    parent?.close();
  }
}
