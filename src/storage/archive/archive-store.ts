// The archive driver: an ObjectReader whose keys are the regular members of a tar, served in place. A compressed tar
// is unpacked once beside our work files and served from there.

import type { Log } from '../log.ts';
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
  Version,
} from '../object-store.ts';
import { StorageError } from '../storage-error.ts';
import { versionLabel } from '../version-label.ts';
import { type ArchiveFile, openArchiveFile } from './archive-file.ts';
import { ArchiveObject } from './archive-object.ts';
import { type ArchiveProblem, archiveProblems, logProblem } from './archive-problem.ts';
import { layoutBase, markersBelow } from './layout-base.ts';
import { fillFromMember } from './member-bytes.ts';
import { MemberTree } from './member-tree.ts';
import type { Member, TarContents } from './tar-contents.ts';
import { scanTar, type TarScan } from './tar-scan.ts';
import { openUnpacked } from './unpacked-archive.ts';
import { forgetUnpacked } from './unpacked-cache.ts';

export interface ArchiveStoreOptions {
  readonly log: Log;
  /** Where compressed archives are unpacked, below `unpacked/`; created when it is needed. */
  readonly workDirectory: string;
  /** The directory inside the archive whose members are served, '' for all. Unless given it is found: see `layoutBase`. */
  readonly base?: string;
}

interface NamedArchive extends Pick<ArchiveStore, 'name' | 'identity' | 'base' | 'problems'> {
  /** Removes what was unpacked. */
  readonly discard: () => Promise<void>;
}

const nothing = async () => {};

export class ArchiveStore implements ObjectReader {
  /** Nothing is recorded about it. */
  readonly place = '';
  /** As the operator named it. */
  readonly name: string;
  /** Names this state of this file, before unpacking: what is derived from it may be kept under this name. */
  readonly identity: string;
  /** The directory inside the archive that is served. */
  readonly base: string;
  /** What is wrong with it; empty for one that is whole and served as a whole. */
  readonly problems: readonly ArchiveProblem[];
  readonly #file: ArchiveFile;
  readonly #tree: MemberTree;
  readonly #discard: () => Promise<void>;

  /** For `openArchiveStore`. `file` is the tar itself, `identity` that of the file which the operator named. */
  constructor({ name, identity, base, problems, discard }: NamedArchive, file: ArchiveFile, contents: TarContents) {
    this.name = name;
    this.identity = identity;
    this.base = base;
    this.#discard = discard;
    this.problems = problems;
    this.#file = file;
    this.#tree = new MemberTree(contents, base);
  }

  /** The file stays open: what became of its name does not matter. */
  async problem(): Promise<string | undefined> {
    return undefined;
  }

  async stat(key: Key): Promise<ObjectInfo | undefined> {
    const member = this.#tree.find(key);
    if (member === undefined) return undefined;
    this.#file.assertUnchanged();
    return this.#infoOf(member);
  }

  async glance(key: Key): Promise<number | undefined> {
    return this.#tree.find(key)?.size;
  }

  /** Never asks the file: an archive does not change, and one that did answers no read any more. */
  async isCurrent(key: Key, info: ObjectInfo): Promise<boolean> {
    const member = this.#tree.find(key);
    return member !== undefined && this.#infoOf(member).version === info.version;
  }

  async read(key: Key, limit: number): Promise<StoredObject | undefined> {
    const member = this.#find(key);
    if (member === undefined) return undefined;
    if (member.size > limit) throw new StorageError('too-large', `${key}: ${member.size} bytes, more than ${limit}`);
    const bytes = Buffer.allocUnsafeSlow(member.size);
    await fillFromMember(this.#file, member, bytes, 0);
    return { info: this.#infoOf(member), bytes };
  }

  async open(key: Key): Promise<OpenObject | undefined> {
    const member = this.#tree.find(key);
    if (member === undefined) return undefined;
    this.#file.assertUnchanged();
    return new ArchiveObject(this.#file, member, this.#infoOf(member));
  }

  /** Of an archive nothing comes, and nothing goes. */
  async listingVersion(prefix: Key): Promise<ListingVersion | undefined> {
    return prefix as string as ListingVersion;
  }

  async prefixChangedAtMs(): Promise<number | undefined> {
    return undefined;
  }

  async room(): Promise<Room | undefined> {
    return undefined;
  }

  async staged(): Promise<readonly StagedInfo[]> {
    return [];
  }

  async list(prefix: Key): Promise<readonly Child[]> {
    return this.#tree.list(prefix);
  }

  /**
   * The key of the regular member that `path` leads to when symbolic links are followed, inside the archive only; undefined
   * where there is none. For `docker save` of older engines; reading by key never follows links.
   */
  resolve(path: string): Key | undefined {
    return this.#tree.resolve(path) as Key | undefined;
  }

  /** Directories below the one that is served which are layouts, as far as their files tell: the first few. */
  layoutsBelow(): readonly string[] {
    return this.#tree.directoriesOf('index.json', 5, (directory) => this.#hasBlobs(directory));
  }

  /** Web projects have an index.json as well. */
  #hasBlobs(directory: string): boolean {
    return this.#tree.find(`${directory}/oci-layout`) !== undefined || this.#tree.list(`${directory}/blobs`).length > 0;
  }

  async close(): Promise<void> {
    this.#file.close();
  }

  /** Closes what turned out to be of no use, and keeps nothing that was unpacked of it. */
  async discard(): Promise<void> {
    await this.close();
    await this.#discard();
  }

  #find(key: Key): Member | undefined {
    const member = this.#tree.find(key);
    if (member === undefined && this.#tree.isSymbolicLink(key)) {
      throw new StorageError('unsafe', `${key} is a symbolic link in ${this.name}`);
    }
    return member;
  }

  #infoOf({ offset, size }: Member): ObjectInfo {
    const label = versionLabel(`${this.#file.identity}@${offset}`, String(size));
    return {
      size,
      version: label as string as Version,
      label,
      modifiedAtMs: this.#file.modifiedAtMs,
      changedAtMs: this.#file.modifiedAtMs,
      settled: true,
      hardLinks: 1,
    };
  }
}

/**
 * Opens a tar, plain or compressed (told by its bytes, not by its name). Throws a StorageError with a message
 * for the operator: what is no tar ('unsafe'), what is damaged before index.json or manifest.json is whole ('unavailable'),
 * what is beyond the limits ('too-large'). A damaged archive that has its index is served as far as it goes, with a warning.
 */
export async function openArchiveStore(path: string, options: ArchiveStoreOptions): Promise<ArchiveStore> {
  const named = openArchiveFile(path);
  let file = named;
  try {
    file = await openUnpacked(named, path, options);
    const scan = await scanTar(file);
    file.assertUnchanged();
    const base = options.base ?? layoutBase(scan.contents);
    assertUsable(path, scan, base);
    const problems = archiveProblems(scan);
    for (const problem of problems) logProblem(path, problem, options.log);
    const discard = file === named ? nothing : () => forgetUnpacked(options.workDirectory, named.identity);
    return new ArchiveStore({ name: path, identity: named.identity, base, problems, discard }, file, scan.contents);
  } catch (error) {
    file.close();
    if (file !== named) await forgetUnpacked(options.workDirectory, named.identity);
    throw error;
  } finally {
    if (file !== named) named.close();
  }
}

function assertUsable(path: string, { contents, damage }: TarScan, base: string): void {
  if (damage === undefined || markersBelow(contents, base).length > 0) return;
  if (new MemberTree(contents, base).directoriesOf('oci-layout', 1).length > 0) return;
  const where = `${path} is damaged at byte ${damage.at}: ${damage.reason}`;
  throw new StorageError('unavailable', `${where}; neither index.json nor manifest.json is before that`);
}
