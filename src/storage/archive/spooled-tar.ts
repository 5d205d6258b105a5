// A tar that comes as a stream, kept as a file for as long as it is read: archives are read at any place, in any order.
import { randomUUID } from 'node:crypto';
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { toStorageError } from '../filesystem/errno.ts';
import { makeTree } from '../filesystem/make-tree.ts';
import { removeDirectoryAt } from '../filesystem/removed-tree.ts';
import { StorageError } from '../storage-error.ts';
import { decompress } from './decompress.ts';
import { fileForm, formBytes, noArchive } from './file-form.ts';
import { type DiskSpace, keptFree, roomOf, startingWhole } from './unpacked-archive.ts';
import { removeWorkFile } from './work-file.ts';
import { CorruptStreamError } from './zstd-frames.ts';

export interface SpoolOptions {
  /** What it is, for messages. */
  readonly what: string;
  /** For tests: the file system that a directory is on. */
  readonly roomIn?: (directory: string) => Promise<DiskSpace>;
}

const checkEveryBytes = 32 * 1024 * 1024;
/** Whoever is killed leaves a directory behind; nobody reads an archive for so long. */
const abandonedAfterMs = 24 * 60 * 60_000;

/** A new directory below the work directory, for one stream: whoever asks for it removes it. Throws a StorageError. */
export async function streamDirectory(workDirectory: string): Promise<string> {
  const streams = join(workDirectory, 'streams');
  const directory = join(streams, randomUUID());
  try {
    await makeTree(directory, 0o700);
    for (const name of await readdir(streams)) {
      const found = await lstat(join(streams, name)).catch(() => undefined);
      if (found !== undefined && Date.now() - found.mtimeMs > abandonedAfterMs) {
        await removeDirectoryAt(join(streams, name));
      }
    }
    return directory;
  } catch (error) {
    throw toStorageError(error, 'write');
  }
}

/**
 * The path of a tar in `directory`; unpacked on the way where it is compressed. Throws 'unsafe' for what is no tar, and
 * 'no-space' while some of the disk is free still. Nothing is left after a failure.
 */
export async function spoolTar(
  bytes: AsyncIterable<Buffer>,
  directory: string,
  { what, roomIn = roomOf }: SpoolOptions,
): Promise<string> {
  const path = join(directory, 'archive.tar');
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      let written = 0;
      let nextCheckAt = 0;
      for await (const chunk of tarIn(bytes, what)) {
        if (written >= nextCheckAt) {
          nextCheckAt = written + checkEveryBytes;
          const { free, total } = await roomIn(directory);
          if (free < checkEveryBytes + keptFree(total)) throw noRoom(what, directory, written, total);
        }
        await writeWhole(file, chunk);
        written += chunk.byteLength;
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    await removeWorkFile(path);
    if (error instanceof CorruptStreamError) {
      throw new StorageError('unavailable', `${what} cannot be unpacked: ${error.message}`, error);
    }
    throw toStorageError(error, 'write');
  }
  return path;
}

function noRoom(what: string, directory: string, written: number, total: number): StorageError {
  const kept = keptFree(total);
  return new StorageError(
    'no-space',
    `${what} does not fit into ${directory}: after ${written} bytes, ${kept} are kept free`,
  );
}

async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) at += (await file.write(bytes, at)).bytesWritten;
}

async function* tarIn(bytes: AsyncIterable<Buffer>, what: string): AsyncGenerator<Uint8Array> {
  const whole = startingWhole(bytes);
  const { value: start = Buffer.alloc(0) } = await whole.next();
  const form = formOf(start);
  if (form.kind === 'tar') yield* restOf(start, whole);
  else if (form.kind === 'other') throw notTar(what, form.looksLike);
  else {
    const unpacked = startingWhole(decompress(form.compression, restOf(start, whole)));
    const { value: first = Buffer.alloc(0) } = await unpacked.next();
    const inner = formOf(first);
    if (inner.kind !== 'tar') {
      throw notTar(
        what,
        inner.kind === 'other' ? inner.looksLike : `a ${inner.compression} file in a ${form.compression} file`,
      );
    }
    yield* restOf(first, unpacked);
  }
}

async function* restOf(start: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  yield asBuffer(start);
  for await (const chunk of rest) yield asBuffer(chunk);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function formOf(start: Uint8Array) {
  return fileForm(asBuffer(start.subarray(0, formBytes)));
}

function notTar(what: string, looksLike: string | undefined): StorageError {
  return new StorageError('unsafe', noArchive(what, looksLike));
}
