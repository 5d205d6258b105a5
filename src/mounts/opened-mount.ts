// A mount, and what it came from, for whoever prints it.
import type { Mount } from '../registry/mount.ts';
import type { ArchiveMount } from './archive-mount.ts';
import type { PathKind } from './path-kind.ts';
import type { ServedArchives } from './served-archives.ts';

export interface OpenedMount extends Mount, Partial<Pick<ArchiveMount, 'problems' | 'foundIn' | 'isRoot'>> {
  /** '' for what is in memory. */
  readonly path: string;
  readonly kind: PathKind;
  /** Of a directory that was named: the archives in it, each a mount of its own. */
  readonly archives?: ServedArchives;
}

/** What a mount of a server came from; undefined for one that nobody opened, as in tests. */
export function mountedAt(mount: Mount): OpenedMount | undefined {
  return isOpened(mount) ? mount : undefined;
}

function isOpened(mount: Mount): mount is OpenedMount {
  return 'path' in mount && 'kind' in mount;
}
