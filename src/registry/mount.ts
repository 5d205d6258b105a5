// What is served under which name: a store whose root is a directory of layouts, or a layout itself, or an archive of one.
import type { LinkedBlobs } from '../layout/blobs/linked-blobs.ts';
import type { FactsPlace } from '../layout/files/kept-lines.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { ObjectReader, ObjectStore } from '../storage/object-store.ts';
import type { RootOrigin } from '../storage/root-origin.ts';

export interface Mount {
  /** First components of every repository in it; '' where repositories keep their own names. At most one mount is called ''. */
  readonly name: RepositoryName | '';
  readonly reader: ObjectReader;
  /** The same objects, where pushes and deletes are taken; undefined: they are refused, and nothing is healed. */
  readonly writer: ObjectStore | undefined;
  /** True for a directory of layouts that is served under a name: nothing is pushed to that name itself, which would make it a layout. */
  readonly isOnlyParent?: boolean;
  /** Another name that repositories of a mount called '' are found below, where it has none that begin with it. */
  readonly alias?: RepositoryName;
  /** True where what nothing leads to may be deleted, if anything may: in a root that moorage created, and where an operator says so. */
  readonly collects?: boolean;
  /** True where only layouts that were pushed to are collected by themselves: nobody wrote down who made the others. */
  readonly collectsOnlyPushed?: boolean;
  /** How the root of its store began; undefined for what is no directory. */
  readonly origin?: RootOrigin;
  /** True where every blob was hashed when the store was opened, as for a `docker save` archive. */
  readonly isHashed?: boolean;
  /** Links among its blobs, where they are followed; undefined where they are not. */
  readonly linkedBlobs?: LinkedBlobs | undefined;
  /** Where derived facts about its blobs are kept across restarts; undefined: nowhere. */
  readonly facts: FactsPlace | undefined;
}

/** The longest name wins: `team` may be mounted beside a root with a repository `team/app`. */
export function mountOf<Named extends { readonly name: RepositoryName | '' }>(
  mounts: readonly Named[],
  name: RepositoryName,
): Named | undefined {
  let found: Named | undefined;
  for (const mount of mounts) {
    const holds = mount.name === '' || name === mount.name || name.startsWith(`${mount.name}/`);
    if (holds && mount.name.length >= (found?.name.length ?? 0)) found = mount;
  }
  return found;
}

/** The name below the mount: '' for the mount itself. */
export function nameBelow(mount: { readonly name: RepositoryName | '' }, name: RepositoryName): RepositoryName | '' {
  if (mount.name === '') return name;
  return name.slice(mount.name.length + 1) as RepositoryName | '';
}

export function nameAbove(mount: { readonly name: RepositoryName | '' }, below: string): RepositoryName | '' {
  return [mount.name, below].filter((part) => part !== '').join('/') as RepositoryName | '';
}
