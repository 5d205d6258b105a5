// What a look at one layout works with.
import type { DirectoryLook } from '../../storage/filesystem/directory-look.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { LayoutKeys } from '../keys.ts';
import type { FindingList } from './finding-list.ts';

export interface LookedAt {
  readonly store: ObjectStore;
  readonly keys: LayoutKeys;
  /** Shows what the store takes for absent; undefined where the store is no directory. */
  readonly files: DirectoryLook | undefined;
  readonly findings: FindingList;
}
