// An archive as it is served, whether it was named itself or found in a directory.
import type { LayoutArchive } from '../docker-archive/docker-archive.ts';
import type { Mount } from '../registry/mount.ts';

export interface ArchiveMount extends Mount {
  /** Absolute. */
  readonly path: string;
  readonly kind: 'archive';
  /** True where its repositories have names of their own in it. */
  readonly isRoot: boolean;
  /** Of the file that was opened. */
  readonly identity: LayoutArchive['identity'];
  /** What is wrong with it. */
  readonly problems: LayoutArchive['problems'];
  /** The directory that it was found in; undefined for one that was named itself. */
  readonly foundIn?: string;
}
