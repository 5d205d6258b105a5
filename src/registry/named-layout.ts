// The layouts of all mounts, each with the name that it is served under and the place where it lies; and what could not be looked into.
import type { LayoutPrefix } from '../layout/files/keys.ts';
import type { ImageLayout } from '../layout/image-layout.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Key } from '../storage/object-store.ts';
import type { StorageError } from '../storage/storage-error.ts';
import type { Mount } from './mount.ts';

export interface NamedLayout {
  /** '' for a layout that is the root itself. */
  readonly name: RepositoryName | '';
  readonly layout: ImageLayout;
  /** Where it is: the mount, and the directory in it. */
  readonly mount: Mount;
  readonly prefix: LayoutPrefix;
}

/** What is in it nobody knows. */
export interface UnlistedDirectory {
  readonly name: string;
  readonly mount: Mount;
  readonly prefix: Key;
  readonly why: StorageError;
}
