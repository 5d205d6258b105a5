// Mounts of stores that a test has made.
import type { Mount } from '../../src/registry/mount.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';

export interface MountOptions extends Partial<Omit<Mount, 'reader' | 'writer'>> {
  readonly readOnly?: boolean;
}

/** Called '' unless it is given a name. */
export function mountOver(store: ObjectStore, { readOnly = false, ...options }: MountOptions = {}): Mount {
  return { name: '', facts: undefined, ...options, reader: store, writer: readOnly ? undefined : store };
}
