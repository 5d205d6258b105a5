// A tar as an image layout, whoever wrote it: an archived layout (oci-archive, `ctr export`, newer `docker save`) or root of such as it is, a
// `docker save` of an older engine through manifest.json. The one way for the rest of the program to open an archive.

import { childPrefix, layoutKeys, rootPrefix } from '../layout/files/keys.ts';
import type { ArchiveProblem } from '../storage/archive/archive-problem.ts';
import { type ArchiveStore, openArchiveStore } from '../storage/archive/archive-store.ts';
import type { Log } from '../storage/log.ts';
import type { ObjectReader } from '../storage/object-store.ts';
import { StorageError } from '../storage/storage-error.ts';
import { openDockerArchive } from './docker-archive-store.ts';
import type { ImageProblem } from './image-problem.ts';

export interface LayoutArchive {
  readonly reader: ObjectReader;
  /** What is wrong with it; empty for one that is whole and served as a whole. */
  readonly problems: readonly (ArchiveProblem | ImageProblem)[];
  /** True where opening it hashed its blobs: they hold what their names say. */
  readonly isHashed: boolean;
  /** True for an archive of several layouts in directories, such as a backup of a root: each is a repository, by its path. */
  readonly isRoot: boolean;
  /** Names the file that was opened, by its path without links and its state (`identityAt`). */
  readonly identity: string;
}

export interface LayoutArchiveOptions {
  readonly log: Log;
  /** For what is derived from archives: unpacked ones, digests of layers. Created when it is needed. */
  readonly workDirectory: string;
}

/**
 * Opens a tar, plain or compressed, as a reader whose root is an image layout, or a directory of such. Throws a StorageError with a message
 * for the operator: what is no tar, a damaged one, and one in which there is no layout and no image ('unsafe').
 */
export async function openLayoutArchive(file: string, options: LayoutArchiveOptions): Promise<LayoutArchive> {
  const archive = await openArchiveStore(file, options);
  const { identity } = archive;
  try {
    // Newer engines write both; index.json says more (docs/layouts.md#exports).
    if ((await archive.stat(layoutKeys('').index)) !== undefined) {
      return { reader: archive, problems: archive.problems, isHashed: false, isRoot: false, identity };
    }
    const made = await openDockerArchive(archive, options);
    if (made !== undefined) return { reader: made, problems: made.problems, isHashed: true, isRoot: false, identity };
    if (archive.layoutsBelow().length > 0) {
      return { reader: archive, problems: archive.problems, isHashed: false, isRoot: true, identity };
    }
    throw new StorageError('unsafe', `${file} is a tar, but no image layout: ${await whatElse(archive)}`);
  } catch (error) {
    await archive.discard();
    throw error;
  }
}

async function whatElse(archive: ArchiveStore): Promise<string> {
  const names = new Set((await archive.list(rootPrefix)).map(({ name }) => name));
  if (names.has('manifest.json')) return 'its manifest.json is not that of `docker save`';
  if (names.has('repositories')) return 'a `docker save` of Docker before 1.10 has no manifest.json';
  if (names.has('etc') && (names.has('bin') || names.has('usr') || (await hasDockerMark(archive)))) {
    return 'it looks like the file system of a container (`docker export`); use `docker save`';
  }
  return 'neither index.json nor the manifest.json of `docker save` is in it';
}

async function hasDockerMark(archive: ArchiveStore): Promise<boolean> {
  return (await archive.stat(childPrefix(rootPrefix, '.dockerenv'))) !== undefined;
}
