// An archive that comes as a stream, as an ImageSource: kept in the user's cache directory while it is read, and gone when it is closed.
import { userCacheDirectory } from '../mounts/work-directory.ts';
import { spoolTar, streamDirectory } from '../storage/archive/spooled-tar.ts';
import { removeDirectoryAt } from '../storage/filesystem/removed-tree.ts';
import { openLocalSource } from './local-source.ts';
import type { OpenedSource, OpenOptions } from './open-source.ts';
import { ownNamesBelow } from './own-name.ts';

/** What it is called where a file would have its base name. */
export const streamName = 'stdin';

export interface StreamSource extends OpenedSource {
  /** Closes the source, and leaves nothing of the stream. */
  discard(): Promise<void>;
}

/** Throws a StorageError for what is no archive, or too large for the disk. */
export async function openStreamSource(
  bytes: AsyncIterable<Buffer>,
  description: string,
  options: OpenOptions,
): Promise<StreamSource> {
  const directory = await streamDirectory(userCacheDirectory(options.environment));
  try {
    const path = await spoolTar(bytes, directory, { what: description });
    // What is derived from it is of no use to anybody else: it goes with it.
    const environment = { ...options.environment, XDG_CACHE_HOME: directory };
    const paths = [`${streamName}=${path}`];
    const source = await openLocalSource(paths, { ...options, environment, root: undefined, description });
    const discard = async () => {
      await source.close();
      await removeDirectoryAt(directory);
    };
    const names = await source.repositories();
    const repository = names.length === 1 ? names[0] : undefined;
    const ownName = ownNamesBelow(source, streamName);
    return { source, repository, reference: undefined, isLocal: true, ownName, discard };
  } catch (error) {
    await removeDirectoryAt(directory);
    throw error;
  }
}
