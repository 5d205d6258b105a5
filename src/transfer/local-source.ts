// Opens what lies on this machine as an ImageSource: so far a root of layouts, or one layout.
import { basename, resolve } from 'node:path';
import { isRepositoryName, type RepositoryName } from '../oci/reference.ts';
import { Registry } from '../registry/registry.ts';
import { openFilesystemStore } from '../storage/filesystem/filesystem-store.ts';
import type { ImageSource } from './image-source.ts';
import { pathKind } from './path-kind.ts';
import { RegistrySource } from './registry-source.ts';
import { SourceError } from './source-error.ts';

export interface LocalSourceOptions {
  /** Where work files of read-only mounts go: below --root where it was given, else in the user's cache directory. */
  readonly root: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Reads only: nothing is written, not even beside the layouts. Throws a SourceError for what is not there. */
export async function openLocalSource(paths: readonly string[], _options: LocalSourceOptions): Promise<ImageSource> {
  const [path, ...others] = paths;
  if (path === undefined || others.length > 0) throw new SourceError('one path at a time');
  const kind = pathKind(path);
  if (kind === 'absent') throw new SourceError(`there is no layout, archive or directory of layouts at ${path}`);
  if (kind === 'archive') throw new SourceError(`${path} is a file; archives cannot be read yet`);
  if (kind === 'directory') return readOnlySource(path, '');
  const name = basename(resolve(path)).toLowerCase();
  if (!isRepositoryName(name)) throw new SourceError(`${path}: its name is no name of a repository`);
  return readOnlySource(path, name);
}

async function readOnlySource(path: string, name: RepositoryName | ''): Promise<RegistrySource> {
  const log = { info: () => {}, warn: () => {} };
  const store = await openFilesystemStore(path, { log, readOnly: true });
  const mounts = [{ name, store, readOnly: true, facts: undefined }];
  return new RegistrySource(
    new Registry({ mounts, log, requireReferences: false, uploadsExpireAfterMs: 60_000 }),
    path,
  );
}
