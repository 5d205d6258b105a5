// The reading half of the filesystem driver: an ObjectReader whose keys are files below one directory. Alone it serves a directory
// that must stay as it is: nothing is written there, not even to clear away what crashes left.
import type {
  Child,
  Key,
  ListingVersion,
  ObjectInfo,
  ObjectReader,
  OpenObject,
  Room,
  StagedInfo,
  StoredObject,
} from '../object-store.ts';
import type { RootOrigin } from '../root-origin.ts';
import { meansAbsent, toStorageError, translated } from './errno.ts';
import { FileInfo, sameVersion } from './file-info.ts';
import type { FileTree } from './file-tree.ts';
import { type FollowedFile, openFollowed } from './followed-link.ts';
import { roomOf } from './free-space.ts';
import { OpenFile } from './open-file.ts';
import { type OpenedRoot, openRoot, type RootOptions } from './open-root.ts';
import { readWhole } from './read-file.ts';
import type { RootIdentity } from './root-identity.ts';
import { stagedUploads } from './staged-uploads.ts';
import { storageProblem } from './storage-problem.ts';

export class FilesystemReader implements ObjectReader {
  readonly place: string;
  protected readonly tree: FileTree;
  protected readonly root: RootIdentity;
  readonly #cachesAttributes: boolean;

  /** For `openFilesystemReader`, which looks at the root first. */
  constructor({ parts, identity, place, cachesAttributes }: OpenedRoot) {
    this.place = place;
    this.tree = parts.tree;
    this.root = identity;
    this.#cachesAttributes = cachesAttributes;
  }

  /** How the root began (root-origin.ts). */
  get origin(): RootOrigin {
    return this.root.origin;
  }

  async room(): Promise<Room | undefined> {
    return translated('read', () => roomOf(this.tree));
  }

  async staged(): Promise<readonly StagedInfo[]> {
    return translated('read', async () => {
      const staged = await stagedUploads(this.tree);
      await this.root.assertPresent();
      return staged;
    });
  }

  async problem(): Promise<string | undefined> {
    return storageProblem(this.tree, this.root, undefined);
  }

  async stat(key: Key): Promise<ObjectInfo | undefined> {
    const info = this.#infoNow(key);
    if (info === undefined) await translated('read', () => this.root.assertPresent());
    return info;
  }

  async glance(key: Key): Promise<number | undefined> {
    return (await this.stat(key))?.size;
  }

  async isCurrent(key: Key, info: ObjectInfo): Promise<boolean> {
    if (!(info instanceof FileInfo) || this.#cachesAttributes) {
      return (await this.stat(key))?.version === info.version;
    }
    try {
      // Also through a link that somebody put on the way: the same attributes are those of the same file.
      const stats = this.tree.calls.lstatSync(this.tree.pathOf(key));
      return stats !== undefined && sameVersion(stats, info.stats);
    } catch (error) {
      if (meansAbsent(error)) return false;
      throw toStorageError(error, 'read');
    }
  }

  async read(key: Key, limit: number): Promise<StoredObject | undefined> {
    return translated('read', async () => {
      if (!this.#cachesAttributes && this.tree.isNothingAt(key)) {
        await this.root.assertPresent();
        return undefined;
      }
      let isOther = false;
      const opened = this.tree.openForReading(key, () => {
        isOther = true;
      });
      if (opened === undefined) {
        if (isOther) this.tree.refuseIrregular(key);
        await this.root.assertPresent();
        return undefined;
      }
      try {
        const object = await readWhole(this.tree, opened.descriptor, limit);
        // Also of what is there: the index of another registry is not what was pushed here.
        await this.root.assertPresent();
        return object;
      } finally {
        this.tree.calls.closeSync(opened.descriptor);
      }
    });
  }

  async open(key: Key): Promise<OpenObject | undefined> {
    return translated('read', async () => {
      const seenAtMs = this.tree.calls.now();
      const opened = this.tree.openForReading(key);
      if (opened === undefined) {
        await this.root.assertPresent();
        return undefined;
      }
      return new OpenFile(this.tree.calls, opened.descriptor, this.tree.infoOf(opened.stats, seenAtMs));
    });
  }

  /** Opens the file that a symbolic link leads to; undefined where there is none that may be read that way (followed-link.ts). */
  async openFollowed(key: Key): Promise<FollowedFile | undefined> {
    return translated('read', () => openFollowed(this.tree, key));
  }

  /** Wherever it leads, and whatever is on the way to it. Cheap enough for every request. */
  isLink(key: Key): boolean {
    try {
      return this.tree.calls.lstatSync(this.tree.pathOf(key))?.isSymbolicLink() === true;
    } catch (error) {
      if (meansAbsent(error)) return false;
      throw toStorageError(error, 'read');
    }
  }

  async list(prefix: Key): Promise<readonly Child[]> {
    return translated('read', async () => {
      const children = await this.tree.childrenOf(prefix);
      await this.root.assertPresent();
      return children;
    });
  }

  async listingVersion(prefix: Key): Promise<ListingVersion | undefined> {
    return translated('read', async () => {
      const version = this.tree.listingVersion(prefix);
      if (version === undefined) await this.root.assertPresent();
      return version;
    });
  }

  async prefixChangedAtMs(prefix: Key): Promise<number | undefined> {
    return translated('read', async () => this.tree.directoryChangedAtMs(prefix));
  }

  async close(): Promise<void> {}

  #infoNow(key: Key): ObjectInfo | undefined {
    const { calls } = this.tree;
    try {
      const seenAtMs = calls.now();
      const stats = this.#cachesAttributes ? this.#statOpened(key) : this.tree.statFile(key);
      return stats && this.tree.infoOf(stats, seenAtMs);
    } catch (error) {
      if (meansAbsent(error)) return undefined;
      throw toStorageError(error, 'read');
    }
  }

  #statOpened(key: Key) {
    const opened = this.tree.openForReading(key);
    if (opened !== undefined) this.tree.calls.closeSync(opened.descriptor);
    return opened?.stats;
  }
}

/** Opens what is in `directory` for reading. Refuses with a message for the operator what is not there, or no directory ('unsafe'). */
export async function openFilesystemReader(directory: string, options: RootOptions): Promise<FilesystemReader> {
  return translated('read', async () => {
    return new FilesystemReader(await openRoot(directory, { ...options, access: 'read', laysId: false }));
  });
}
