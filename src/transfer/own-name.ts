// What images are called by themselves, wherever they lie: with their registry, as a mirror is asked for them.
import { resolve } from 'node:path';
import { canonicalHost } from '../layout/index/image-name.ts';
import { longPathOf } from '../layout/names/name-table.ts';
import { nameOfPath } from '../mounts/mount-argument.ts';
import { pathKindIfAny } from '../mounts/path-kind.ts';
import { parseRepositoryName, type RepositoryName, type Tag } from '../oci/reference.ts';
import type { ImageSource } from './image-source.ts';
import { RegistrySource } from './registry-source.ts';
import type { SourceReference } from './source-reference.ts';

/** `docker.io/library/alpine` of a repository of a source, or of one image in it; undefined where nothing says a name. */
export type OwnName = (name: RepositoryName, tag: Tag | undefined) => Promise<RepositoryName | undefined>;

export function ownNamesIn(source: ImageSource, parsed: SourceReference): OwnName {
  if (parsed.kind === 'remote') return async (path) => longPathOf({ host: canonicalHost(parsed.host), path });
  // A directory of layouts, as a registry or its backup is: the repositories are called as they are there.
  if (parsed.kind === 'root' || pathKindIfAny(parsed.path) === 'root') return async (name) => name;
  return ownNamesBelow(source, nameOfFile(parsed.path));
}

/** Of a layout or an archive that is called `within`. */
export function ownNamesBelow(source: ImageSource, within: string): OwnName {
  return async (name, tag) => {
    const full = source instanceof RegistrySource ? await source.fullName(name, tag) : undefined;
    const below = nameWithin(name, within);
    return full ?? (below === name ? undefined : below);
  };
}

/** What a layout or an archive is called as a source: its repositories are named below that. */
export function nameOfFile(path: string): RepositoryName {
  return nameOfPath({ written: path, name: undefined, path: resolve(path), readOnly: true, collects: false });
}

/** The name of a repository without the one of the layout or archive that it lies in. */
export function nameWithin(name: RepositoryName, within: string | undefined): RepositoryName {
  const isBelow = within !== undefined && name.startsWith(`${within}/`);
  return isBelow ? parseRepositoryName(name.slice(within.length + 1)) : name;
}
