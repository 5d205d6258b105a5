// A file outside of any store, written beside its place and renamed once all of it is durable.
import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable, type Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isError } from '../../oci/is-error.ts';
import { draftPrefix } from '../own-names.ts';
import { errnoOf } from './errno.ts';

/** The system refused: no space, no permission, no such directory. The message names the file. */
export class CannotWriteError extends Error {
  override readonly name = 'CannotWriteError';
}

export interface PublishOptions {
  readonly through: readonly Transform[];
  readonly signal: AbortSignal;
  /** Of a file that was not there; the umask applies. 0644 unless given. */
  readonly newMode?: number;
  /** Asked when all is written, right before the rename; what it throws leaves `path` as it is. */
  readonly beforeRename?: () => void;
}

/**
 * Replaces what is there with one rename; the new file has the mode of the old one, and its owner where that is possible. Whatever goes
 * wrong, `path` is as it was and nothing else is left.
 */
export async function publishFile(
  path: string,
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { through, signal, newMode = 0o644, beforeRename = () => {} }: PublishOptions,
): Promise<void> {
  await writing(path, () => removeOldDrafts(path));
  const draft = join(dirname(path), `${draftPrefix}${randomBytes(6).toString('hex')}-${basename(path)}`);
  const before = await attributesOf(path);
  const file = await writing(path, () => open(draft, 'wx', before?.mode ?? newMode));
  try {
    try {
      if (before !== undefined) await writing(path, () => adopt(file, before));
      await pipeline([Readable.from(bytes, { objectMode: false }), ...through, intoFile(path, file)], { signal });
      await writing(path, () => file.sync());
    } finally {
      await file.close();
    }
    beforeRename();
    await writing(path, () => rename(draft, path));
  } catch (error) {
    await rm(draft, { force: true });
    // The stream says only that it was aborted.
    throw signal.aborted ? signal.reason : error;
  }
  await writing(path, () => syncDirectory(dirname(path)));
}

type Attributes = Pick<Stats, 'mode' | 'uid' | 'gid'>;

/** Of a directory nothing is read before it is refused. */
async function attributesOf(path: string): Promise<Attributes | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isDirectory()) throw new CannotWriteError(`cannot write ${path}: it is a directory`);
  if (found?.isFile() !== true) return undefined;
  const { mode, uid, gid } = found;
  return { mode: mode & 0o777, uid, gid };
}

async function adopt(file: FileHandle, { mode, uid, gid }: Attributes): Promise<void> {
  const own = await file.stat();
  if (own.uid !== uid || own.gid !== gid) {
    // Only root may give a file away, and whoever may replace it may keep it.
    await file.chown(uid, gid).catch((error: unknown) => {
      if (errnoOf(error) !== 'EPERM') throw error;
    });
  }
  // The umask took from it.
  await file.chmod(mode);
}

/** As long as the random part of a name. */
const draftName = new RegExp(`^${draftPrefix.replaceAll('.', '\\.')}[0-9a-f]{12}-`);
/** Whoever still runs writes into its draft all the time. */
const abandonedAfterMs = 10 * 60_000;

/** What a run left of this file that was killed. */
async function removeOldDrafts(path: string): Promise<void> {
  for (const name of await readdir(dirname(path))) {
    if (!draftName.test(name) || name.replace(draftName, '') !== basename(path)) continue;
    const draft = join(dirname(path), name);
    const found = await lstat(draft).catch(() => undefined);
    if (found?.isFile() && Date.now() - found.mtimeMs > abandonedAfterMs) await rm(draft, { force: true });
  }
}

/** What the system refuses to `work` is thrown as a CannotWriteError. */
export async function writing<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (!(isError(cause) && 'syscall' in cause)) throw cause;
    throw new CannotWriteError(`cannot write ${path}: ${reasonOf(cause, dirname(path))}`, { cause });
  }
}

/** The system's own message names a draft that nobody knows. */
function reasonOf(cause: Error, directory: string): string {
  switch (errnoOf(cause)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `there is no directory ${directory}`;
    case 'EACCES':
    case 'EPERM':
      return `permission denied in ${directory}`;
    case 'EROFS':
      return `${directory} is read-only`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `no space left in ${directory}`;
    default:
      return cause.message;
  }
}

/** Leaves the file open: it must still be synced. */
function intoFile(path: string, file: FileHandle): Writable {
  return new Writable({
    highWaterMark: 1 << 20,
    write: (bytes: Buffer, _encoding, done) => {
      writing(path, () => writeWhole(file, bytes)).then(() => done(), done);
    },
  });
}

async function writeWhole(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) at += (await file.write(bytes, at)).bytesWritten;
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
