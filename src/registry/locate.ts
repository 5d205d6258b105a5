// Where a repository name leads: to a layout of its own, or to one of the full names inside a layout further up (docs/layouts.md#several-repositories-in-one-file).

import { isReservedBelowLayout, type LayoutPrefix } from '../layout/files/keys.ts';
import type { ImageLayout } from '../layout/image-layout.ts';
import type { VirtualPath } from '../layout/names/name-table.ts';
import { RegistryError } from '../oci/error-code.ts';
import type { RepositoryName } from '../oci/reference.ts';

export interface Location {
  readonly prefix: LayoutPrefix;
  readonly layout: ImageLayout;
  /** '' is the layout's own repository. */
  readonly path: VirtualPath;
}

/**
 * A directory wins over a full name. A name that neither knows becomes a directory of its own when something is pushed to it,
 * unless a layout above it holds several repositories: then it becomes one more of those in the nearest such.
 * Refuses with NAME_INVALID what would lie among the files of a layout that other tools keep there.
 */
export async function locate(
  below: RepositoryName | '',
  layoutAt: (prefix: LayoutPrefix) => ImageLayout,
): Promise<Location> {
  const own = { prefix: below, layout: layoutAt(below), path: '' } as const;
  if (below === '' || (await exists(own.layout))) return own;
  let shared: Location | undefined;
  for (const [above, path] of splits(below)) {
    const layout = layoutAt(above);
    if (!(await exists(layout))) continue;
    const [first = ''] = path.split('/');
    if (isReservedBelowLayout(first)) {
      throw new RegistryError('NAME_INVALID', { detail: `"${first}" is a file of the image layout above it` });
    }
    if (await layout.has(layout.names(path))) return { prefix: above, layout, path };
    if (shared === undefined && (await layout.isShared())) shared = { prefix: above, layout, path };
  }
  return shared ?? own;
}

/** From the nearest directory above to the root, each with what is left of the name. */
function splits(name: RepositoryName): readonly (readonly [LayoutPrefix, RepositoryName])[] {
  const found: (readonly [LayoutPrefix, RepositoryName])[] = [];
  for (let slash = name.lastIndexOf('/'); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
    found.push([name.slice(0, slash) as RepositoryName, name.slice(slash + 1) as RepositoryName]);
  }
  return [...found, ['', name]];
}

/** An index that cannot be read is there: nothing may be made in its place. */
async function exists(layout: ImageLayout): Promise<boolean> {
  try {
    return (await layout.readIndex()) !== undefined;
  } catch (error) {
    if (error instanceof RegistryError) return true;
    throw error;
  }
}
