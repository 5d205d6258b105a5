// Opens a directory of layouts, or one that is itself a layout: for writing where that is wanted and possible, else for reading.

import { BlobsElsewhere } from '../layout/blobs/blobs-elsewhere.ts';
import { LinkedBlobs, type LinkRules } from '../layout/blobs/linked-blobs.ts';
import { SharedBlobs } from '../layout/blobs/shared-blobs.ts';
import type { Mount } from '../registry/mount.ts';
import { openFilesystemReader } from '../storage/filesystem/filesystem-reader.ts';
import { openFilesystemStore, type ServedRootOptions } from '../storage/filesystem/filesystem-store.ts';
import type { Log } from '../storage/log.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { StorageMeters } from '../storage/storage-meters.ts';
import { sharedBlobDirectory } from './shared-blob-directory.ts';

export interface OpenDirectoryOptions {
  readonly fileMode: number;
  readonly directoryMode: number;
  /** Bytes that new content leaves free; unless given, as much as is usual. */
  readonly minFree?: number | undefined;
  readonly links: LinkRules['links'];
  /** A directory in which layouts have their blobs (shared-blob-directory.ts); undefined: each has its own. */
  readonly sharedBlobs?: string | undefined;
  readonly log: Log;
  /** Told what a server waits for; undefined: nobody is. */
  readonly meters?: StorageMeters | undefined;
}

export type MountedObjects = Pick<Mount, 'reader' | 'writer' | 'linkedBlobs' | 'origin'>;

/**
 * Somebody else's directory may well be readable only: then it is served so, as read-only media are. So are layouts whose blobs are shared:
 * what is pushed into one would be in the way of whoever manages the others.
 */
export async function openDirectory(
  path: string,
  readOnly: boolean,
  options: OpenDirectoryOptions,
): Promise<MountedObjects> {
  if (readOnly || options.sharedBlobs !== undefined) return openToRead(path, options);
  try {
    return await openToWrite(path, 'with-first-write', options);
  } catch (error) {
    if (!(error instanceof StorageError) || error.failure !== 'read-only') throw error;
    options.log.warn('the directory cannot be written to: it is served read-only', { path });
    return openToRead(path, options);
  }
}

export async function openToRead(
  path: string,
  { log, links, sharedBlobs }: OpenDirectoryOptions,
): Promise<MountedObjects> {
  const files = await openFilesystemReader(path, { log });
  const linkedBlobs = links === 'verify' ? new LinkedBlobs(files, log) : undefined;
  const own = linkedBlobs === undefined ? files : new BlobsElsewhere(files, linkedBlobs);
  if (sharedBlobs === undefined) return { reader: own, writer: undefined, linkedBlobs, origin: files.origin };
  const shared = new SharedBlobs(await openFilesystemReader(sharedBlobDirectory(sharedBlobs), { log }));
  return { reader: new BlobsElsewhere(own, shared), writer: undefined, linkedBlobs };
}

export async function openToWrite(
  path: string,
  ownFiles: ServedRootOptions['ownFiles'],
  { log, fileMode, directoryMode, minFree, meters }: OpenDirectoryOptions,
): Promise<MountedObjects> {
  const store = await openFilesystemStore(path, {
    log,
    fileMode,
    directoryMode,
    meters,
    served: { ownFiles, minFree },
  });
  return { reader: store, writer: store, origin: store.origin };
}
