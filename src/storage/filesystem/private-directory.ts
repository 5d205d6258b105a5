// A directory of small files that only we may read, such as the keys that tokens are signed with. What somebody else could have read or
// written is never taken: in a directory that several people write to, a file of another user is an attempt.
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  type Stats,
} from 'node:fs';
import fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StorageError } from '../storage-error.ts';
import { errnoOf, meansAbsent, refusesLink, translated } from './errno.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

const directoryMode = 0o700;
const fileMode = 0o600;
const forOthers = 0o077;
const largestFile = 16 * 1024;
const draftPrefix = '.';

export class PrivateDirectory {
  readonly path: string;

  /** Made with the first file; what it lies in must be there, so that nothing is left below the mount point of a volume that is gone. */
  constructor(path: string) {
    this.path = path;
  }

  /** Of the files in it, in byte order: none where somebody deleted the directory; undefined where all around it is away, as a volume may be. */
  names(): readonly string[] | undefined {
    if (this.#stats() === undefined) return isThere(dirname(this.path)) ? [] : undefined;
    try {
      return readdirSync(this.path)
        .filter((name) => !name.startsWith(draftPrefix))
        .sort();
    } catch (error) {
      if (meansAbsent(error)) return undefined;
      throw unreadable(this.path, error);
    }
  }

  /**
   * The text of a file; undefined when there is none. Throws a StorageError whose message says what to do: for one that others may
   * read or write, that is another user's, or that we may not read.
   */
  read(name: string): string | undefined {
    const path = join(this.path, name);
    let descriptor: number;
    try {
      descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      if (errnoOf(error) === 'ELOOP') throw unsafe(`${path} is a symbolic link: delete it`);
      if (meansAbsent(error)) return undefined;
      throw unreadable(path, error);
    }
    try {
      assertPrivate(path, fstatSync(descriptor), this.#owner());
      return readFileSync(descriptor, 'utf8');
    } finally {
      closeSync(descriptor);
    }
  }

  /** Changes with the file; undefined when there is none. Cheap enough for every request. */
  version(name: string): string | undefined {
    try {
      const stats = lstatSync(join(this.path, name), { bigint: true, throwIfNoEntry: false });
      return stats && `${stats.dev}-${stats.ino}-${stats.size}-${stats.mtimeNs}-${stats.ctimeNs}`;
    } catch (error) {
      if (meansAbsent(error)) return undefined;
      throw unreadable(join(this.path, name), error);
    }
  }

  /**
   * Durable when this returns, and there as a whole or not at all. False where the name is taken. Throws 'unsafe' on file systems on which
   * every file is everybody's.
   */
  async create(name: string, text: string): Promise<boolean> {
    return translated('write', async () => {
      this.#make();
      const draft = join(this.path, `${draftPrefix}${randomUUID()}`);
      try {
        await writeDraft(draft, text, this.#owner());
        if (!(await isPlaced(draft, join(this.path, name)))) return false;
      } finally {
        await fs.rm(draft, { force: true });
      }
      await syncDirectory(this.path);
      // Whoever made the directory may have been killed before this.
      await syncDirectory(dirname(this.path));
      return true;
    });
  }

  /** Durable; nothing happens where it is gone. */
  async remove(name: string): Promise<void> {
    await translated('write', async () => {
      if (this.#stats() === undefined) return;
      await fs.rm(join(this.path, name), { force: true });
      await syncDirectory(this.path);
    });
  }

  /**
   * Who our files belong to: root, who makes a token by hand, works for a server that is another user, whose directory it lies in. That one
   * could replace all of it anyway. For all others it is who they are.
   */
  #owner(): Owner {
    const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
    return uid === 0 ? lstatSync(dirname(this.path)) : { uid, gid };
  }

  #stats(): Stats | undefined {
    const stats = lstatSync(this.path, { throwIfNoEntry: false });
    if (stats === undefined || stats.isDirectory()) return stats;
    throw unsafe(`${this.path} is not a directory: delete it, and moorage makes its own`);
  }

  #make(): void {
    if (this.#stats() !== undefined) return;
    try {
      mkdirSync(this.path, { mode: directoryMode });
      const { uid, gid } = this.#owner();
      if (uid !== process.geteuid?.()) lchownSync(this.path, uid, gid);
    } catch (error) {
      // Another process was first.
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

type Owner = Pick<Stats, 'uid' | 'gid'>;

function assertPrivate(path: string, stats: Stats, owner: Owner): void {
  if (!stats.isFile()) throw unsafe(`${path} is not a regular file: delete it`);
  if (stats.size > largestFile) throw unsafe(`${path} is too large to be ours: delete it`);
  // Windows has neither.
  if (process.geteuid === undefined) return;
  if (stats.uid !== process.geteuid() && stats.uid !== owner.uid) {
    throw unsafe(`${path} belongs to another user: let its owner be who runs moorage, or delete it`);
  }
  if ((stats.mode & forOthers) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    throw unsafe(`${path} can be read or written by others (mode ${mode}): delete it, or chmod 600 if nobody did`);
  }
}

async function writeDraft(path: string, text: string, owner: Owner): Promise<void> {
  const file = await fs.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, fileMode);
  try {
    // A default ACL of the directory can widen what was asked for, and some file systems know no modes.
    await file.chmod(fileMode);
    if (owner.uid !== process.geteuid?.()) await file.chown(owner.uid, owner.gid);
    assertPrivate(path, await file.stat(), owner);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** False where the name is taken: a link never replaces, as a rename does. */
async function isPlaced(draft: string, path: string): Promise<boolean> {
  try {
    await fs.link(draft, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    if (!refusesLink(error)) throw error;
    // Names are random where it matters: nobody else makes this one in between.
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return false;
    await fs.rename(draft, path);
    return true;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await fs.open(path, O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function unreadable(path: string, error: unknown): StorageError {
  return unsafe(`${path} cannot be read (${errnoOf(error) ?? 'unknown error'}): let its owner be who runs moorage`);
}

function unsafe(message: string): StorageError {
  return new StorageError('unsafe', message);
}
