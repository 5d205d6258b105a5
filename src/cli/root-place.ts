// Which directory the root of a server is, in plain data: a process of it that begins later must not take another one for it, such as the
// mount point of a volume that is away. What it took there would be hidden once the volume is back.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { meansAbsent } from '../storage/filesystem/errno.ts';
import { idKey } from '../storage/filesystem/root-id.ts';
import type { RootPlace } from '../workers/messages.ts';

/** Undefined where there is no directory. */
export function placeOf(root: string | undefined): RootPlace | undefined {
  const stats = root === undefined ? undefined : statSync(root, { throwIfNoEntry: false });
  if (root === undefined || stats === undefined) return undefined;
  return { ino: stats.ino, birthtimeMs: stats.birthtimeMs, id: idIn(root) };
}

/** True for the very directory, and for another one that says by its id that it holds the same, as after a restore. */
export function isSamePlace(one: RootPlace, other: RootPlace | undefined): boolean {
  if (other === undefined) return false;
  if (one.ino === other.ino && one.birthtimeMs === other.birthtimeMs) return true;
  return one.id !== undefined && one.id === other.id;
}

function idIn(root: string): string | undefined {
  try {
    return readFileSync(join(root, idKey), 'utf8');
  } catch (error) {
    if (meansAbsent(error)) return undefined;
    throw error;
  }
}
