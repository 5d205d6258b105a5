// What a symbolic link leads to, for the one case in which links out of the root are followed: blobs, of which nothing is answered
// before their bytes were found to be those that the link is named by (layout/blobs/linked-blobs.ts). Whoever can place a link would
// otherwise choose what a server opens, so a target is looked at before it is opened, and opened as what was looked at.
import { constants, type Stats } from 'node:fs';
import type { Key, OpenObject } from '../object-store.ts';
import { StorageError } from '../storage-error.ts';
import { errnoOf } from './errno.ts';
import { type FileInfo, sameVersion } from './file-info.ts';
import { type FileTree, nameOf, parentOf } from './file-tree.ts';
import { isMadeByKernel } from './kernel-file-system.ts';
import { OpenFile } from './open-file.ts';
import type { SystemCalls } from './system-calls.ts';

const { O_NONBLOCK, O_RDONLY } = constants;
/** Of Linux, on all machines that Node runs on: no device notices, no pipe is waited for. */
const O_PATH = 0o10000000;
const readByAll = 0o004;

/**
 * An open file that shows one version of itself, the one that it had when it was opened: its bytes are hashed first and sent later, and
 * somebody may write into it in between. Has no descriptor to send from, since nobody could look again between two pieces.
 */
export class FollowedFile implements OpenObject {
  readonly info: FileInfo;
  readonly fileDescriptor = undefined;
  readonly inMemory = undefined;
  readonly #calls: SystemCalls;
  readonly #file: OpenFile;
  #closed = false;

  constructor(calls: SystemCalls, file: OpenFile, info: FileInfo) {
    this.#calls = calls;
    this.#file = file;
    this.info = info;
  }

  /** Throws 'unavailable' once the file is another version. */
  async readInto(buffer: Uint8Array, at: number): Promise<number> {
    const read = await this.#file.readInto(buffer.subarray(0, Math.max(0, this.info.size - at)), at);
    if (this.isUnchanged()) return read;
    throw new StorageError('unavailable', 'the file that a symbolic link leads to was changed while it was read');
  }

  /** False also once it was closed: its number may belong to another file by now. */
  isUnchanged(): boolean {
    return !this.#closed && sameVersion(this.#calls.fstatSync(this.#file.fileDescriptor), this.info.stats);
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#file.close();
  }
}

/**
 * Undefined where there is no symbolic link under the key, below real directories; where it leads to no regular file; and where its
 * owner may not read what it leads to, so that the owner of a link learns nothing through the rights of the server.
 */
export async function openFollowed(tree: FileTree, key: Key): Promise<FollowedFile | undefined> {
  const held = tree.tryHold(parentOf(key));
  if (held === undefined) return undefined;
  try {
    const link = held.lstat(nameOf(key));
    if (link?.isSymbolicLink() !== true) return undefined;
    return await openTarget(tree, held.at(nameOf(key)), link);
  } catch (error) {
    // Nothing of the system's reasons: they would tell of files that are nobody's business. Too many open files are ours.
    const code = errnoOf(error);
    if (code !== undefined && code !== 'EMFILE' && code !== 'ENFILE') return undefined;
    throw error;
  } finally {
    held.close();
  }
}

async function openTarget(tree: FileTree, path: string, link: Stats): Promise<FollowedFile | undefined> {
  const { calls } = tree;
  const looked = process.platform === 'linux' ? calls.openSync(path, O_PATH, 0) : undefined;
  try {
    const itself = looked === undefined ? path : (tree.pathOfOpen(looked) ?? path);
    if (calls.statSync(itself)?.isFile() !== true) return undefined;
    if (isMadeByKernel((await calls.statfs(itself)).type)) return undefined;
    const seenAtMs = calls.now();
    const descriptor = calls.openSync(itself, O_RDONLY | O_NONBLOCK, 0);
    const stats = calls.fstatSync(descriptor);
    const file = new OpenFile(calls, descriptor, tree.infoOf(stats, seenAtMs));
    if (stats.isFile() && mayRead(link, stats)) return new FollowedFile(calls, file, tree.infoOf(stats, seenAtMs));
    await file.close();
    return undefined;
  } finally {
    if (looked !== undefined) calls.closeSync(looked);
  }
}

const superuser = 0;

function mayRead({ uid }: Stats, target: Stats): boolean {
  return uid === superuser || target.uid === uid || (target.mode & readByAll) !== 0;
}
