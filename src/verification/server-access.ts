// Whether the user that serves a directory may use what lies in it: another user's files, root's for example, are written by hand and by
// backups, and found out when somebody pulls. Told from modes and owners, so that it does not matter who asks.

import type { FindingList } from '../inspection/findings/finding-list.ts';
import { childPrefix } from '../layout/files/keys.ts';
import type { DirectoryListing, SeenAttributes } from '../storage/filesystem/directory-listing.ts';
import { idKey } from '../storage/filesystem/root-id.ts';
import type { Key } from '../storage/object-store.ts';
import { StorageError } from '../storage/storage-error.ts';

const read = 4;
const write = 2;
const search = 1;

export class ServerAccess {
  readonly #files: DirectoryListing;
  readonly #server: SeenAttributes;

  private constructor(files: DirectoryListing, server: SeenAttributes) {
    this.#files = files;
    this.#server = server;
  }

  /** Undefined where no server ever wrote, and where it is root, who may do everything. */
  static of(files: DirectoryListing | undefined): ServerAccess | undefined {
    const server = files?.attributesOf(idKey);
    return files === undefined || server === undefined || server.uid === 0
      ? undefined
      : new ServerAccess(files, server);
  }

  /** `shown` is how it is called in findings. */
  findFile(key: Key, shown: string, findings: FindingList): void {
    this.#find(key, read, () => findings.add('unreadable-by-server', { path: shown, detail: this.#detailOf(key) }));
  }

  findDirectory(key: Key, shown: string, findings: FindingList): void {
    const add = (code: 'unreadable-by-server' | 'unwritable-by-server') => () =>
      findings.add(code, { path: shown, detail: this.#detailOf(key) });
    if (this.#find(key, read | search, add('unreadable-by-server'))) return;
    this.#find(key, write, add('unwritable-by-server'));
  }

  /** A directory of directories of files, such as `blobs`: of each directory and each file. */
  findTree(key: Key, shown: string, findings: FindingList, depth = 3): void {
    const kind = this.#files.kind(key);
    if (kind === 'file') this.findFile(key, shown, findings);
    if (kind !== 'directory') return;
    this.findDirectory(key, shown, findings);
    if (depth === 0) return;
    try {
      for (const { name } of this.#files.children(key)) {
        this.findTree(childPrefix(key, name), `${shown}/${name}`, findings, depth - 1);
      }
    } catch (error) {
      // What may not be listed is told where it is looked through.
      if (!(error instanceof StorageError)) throw error;
    }
  }

  #find(key: Key, wanted: number, found: () => void): boolean {
    const attributes = this.#files.attributesOf(key);
    const isRefused = attributes !== undefined && (bitsFor(attributes, this.#server) & wanted) !== wanted;
    if (isRefused) found();
    return isRefused;
  }

  #detailOf(key: Key): string {
    const { mode, uid, gid } = this.#files.attributesOf(key) ?? { mode: 0, uid: 0, gid: 0 };
    return `mode ${mode.toString(8).padStart(4, '0')}, owner ${uid}:${gid}; served by ${this.#server.uid}`;
  }
}

/** What the user may do, as far as anybody can tell: of which groups a user is, and what a list of access says, a mode does not show. */
function bitsFor({ mode, uid }: SeenAttributes, user: SeenAttributes): number {
  return uid === user.uid ? (mode >> 6) & 7 : ((mode >> 3) | mode) & 7;
}
