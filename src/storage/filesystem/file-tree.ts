// The tree of files below the root: keys become paths here and nowhere else, and no symbolic link below the root is followed, also
// when one appears in the middle of our work: writers hold the directory that they write to, and readers ask the kernel what they
// opened. The root itself may be one. What is not a regular file under real directories is absent to readers and `unsafe` to writers.
import { randomUUID } from 'node:crypto';
import { constants, type Dirent, type Stats } from 'node:fs';
import type { Log } from '../log.ts';
import type { Child, Key, ListingVersion, VersionLabel } from '../object-store.ts';
import { draftPrefix, isOwnName } from '../own-names.ts';
import { RecentSet } from '../recent-set.ts';
import { StorageError } from '../storage-error.ts';
import { meansAbsent } from './errno.ts';
import { FileInfo, labelOf, sameVersion, settleMsOf } from './file-info.ts';
import { HeldDirectory, type OpenedFile, openRegularFile, ownDescriptors } from './held-directory.ts';
import type { SystemCalls } from './system-calls.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
const directoryFlags = O_RDONLY | O_DIRECTORY;
/** Of Linux, on all machines that Node runs on: only looks, so the directory need not be readable. */
const O_PATH = 0o10000000;
/** Directories that move whenever they are opened are somebody's attack. */
const attempts = 5;
/** Files whose attributes were once seen from a held directory. */
const maxSeen = 4_096;

export interface FileTreeOptions {
  readonly calls: SystemCalls;
  readonly log: Log;
  readonly fileMode: number;
  readonly directoryMode: number;
}

export class FileTree {
  readonly root: string;
  readonly calls: SystemCalls;
  readonly log: Log;
  readonly fileMode: number;
  readonly directoryMode: number;
  #realRoot: string | undefined;
  #trusted: Stats | undefined;
  readonly #published = new RecentSet(16_384);
  /** Told of in the log. */
  readonly #irregular = new RecentSet(1_024);
  /** Attributes of files that are below the root: whatever shows the same ones is the same file. */
  readonly #seen = new Map<Key, Stats>();
  readonly #isPublished = (label: VersionLabel): boolean => this.#published.has(label);

  constructor(root: string, options: FileTreeOptions) {
    this.root = root;
    this.calls = options.calls;
    this.log = options.log;
    this.fileMode = options.fileMode;
    this.directoryMode = options.directoryMode;
  }

  /** From now on directories are made in this root only. */
  trustRoot(stats: Stats): void {
    this.#trusted = stats;
  }

  /** Throws 'unavailable' when the held root is another one: a volume may go away in the middle of a write. */
  assertTrusted({ descriptor }: HeldDirectory): void {
    const { dev, ino } = this.calls.fstatSync(descriptor);
    if (this.#trusted === undefined || (dev === this.#trusted.dev && ino === this.#trusted.ino)) return;
    throw new StorageError('unavailable', `${this.root} is not the directory that was opened`);
  }

  /** The root was mounted again or replaced: what was seen of its directories says nothing about it. */
  forget(): void {
    this.#realRoot = undefined;
    this.#seen.clear();
  }

  /** The empty key is the root. */
  pathOf(key: string): string {
    return key === '' ? this.root : `${this.root}/${key}`;
  }

  infoOf(stats: Stats, seenAtMs: number): FileInfo {
    return new FileInfo(stats, seenAtMs, this.#isPublished);
  }

  /** The version of a file that this store wrote is settled from now on, if the file system kept the random part of its mtime. */
  markPublished(stats: Stats): FileInfo {
    if (!Number.isInteger(stats.mtimeMs)) this.#published.add(labelOf(stats));
    return this.infoOf(stats, this.calls.now());
  }

  /**
   * Opens a directory and makes sure that it is the one below the root. Whoever holds it closes it. Throws the system's ENOENT, and
   * 'unsafe' for what is no directory, such as a symbolic link.
   */
  hold(directory: string): HeldDirectory {
    return this.#hold(directory, directoryFlags);
  }

  /** The same for a reader: undefined when there is no such directory, or a link on the way. */
  tryHold(directory: string, flags = directoryFlags): HeldDirectory | undefined {
    try {
      return this.#hold(directory, flags);
    } catch (error) {
      if (meansAbsent(error) || (error instanceof StorageError && error.failure === 'unsafe')) return undefined;
      throw error;
    }
  }

  /** Runs `work` while the directory is held. */
  async holding<Result>(directory: string, work: (held: HeldDirectory) => Promise<Result>): Promise<Result> {
    const held = this.hold(directory);
    try {
      return await work(held);
    } finally {
      held.close();
    }
  }

  /** False once a held directory was removed or moved. */
  isInPlace({ descriptor, key }: HeldDirectory): boolean {
    return this.#isAt(descriptor, key) ?? this.calls.lstatSync(this.pathOf(key)) !== undefined;
  }

  #hold(directory: string, flags: number): HeldDirectory {
    const noFollow = directory === '' ? 0 : O_NOFOLLOW;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const descriptor = this.calls.openSync(this.pathOf(directory), flags | noFollow, 0);
      const path = this.#closedUnless(descriptor, () => this.#pathOfHeld(descriptor, directory));
      if (path !== undefined) return new HeldDirectory(this.calls, directory, descriptor, path);
      // What was removed since it was opened is absent the next time; what is still found leads elsewhere.
      if (this.#isReal(directory) || this.calls.lstatSync(this.pathOf(directory)) === undefined) continue;
      throw new StorageError('unsafe', `${directory} is not below real directories`);
    }
    throw new StorageError('unavailable', `${directory} was another directory each time it was opened`);
  }

  /** Undefined when the directory that was opened is not the one below the root. */
  #pathOfHeld(descriptor: number, directory: string): string | undefined {
    const isThere = this.#isAt(descriptor, directory);
    if (isThere === undefined) return this.#isReal(directory) ? this.pathOf(directory) : undefined;
    return isThere ? `${ownDescriptors}/${descriptor}` : undefined;
  }

  #isReal(directory: string): boolean {
    return directory === '' || this.hasRealParents(`${directory}/`);
  }

  /** Opens a regular file; undefined when there is none. `onOther` is called where something else is there. */
  openForReading(key: Key, onOther: () => void = () => {}): OpenedFile | undefined {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const opened = this.#openRegular(this.pathOf(key), key, O_RDONLY, onOther);
      if (opened === undefined) return undefined;
      const { descriptor } = opened;
      // One question to the kernel, whose answer is final, instead of a stat of each parent: most requests for a blob come through here.
      const isThere = () => (this.#wasAt(descriptor, key) ?? this.hasRealParents(key)) || undefined;
      if (this.#closedUnless(descriptor, isThere) !== undefined) return opened;
      if (!this.hasRealParents(key)) return undefined;
    }
    throw new StorageError('unavailable', `${key} was another file each time it was opened`);
  }

  /** Closes what is not to be used: when `decide` says nothing, or fails. */
  #closedUnless<Decision>(descriptor: number, decide: () => Decision | undefined): Decision | undefined {
    let decision: Decision | undefined;
    try {
      decision = decide();
      return decision;
    } finally {
      if (decision === undefined) this.calls.closeSync(descriptor);
    }
  }

  /** Opens a regular file of a held directory with `flags`; undefined when it is absent or no regular file. */
  openIn(held: HeldDirectory, name: string, flags: number): OpenedFile | undefined {
    return this.#openRegular(held.at(name), held.keyOf(name), flags);
  }

  #openRegular(path: string, key: string, flags: number, onOther: () => void = () => {}): OpenedFile | undefined {
    const isOther = () => {
      this.#notRegular(key);
      onOther();
    };
    return openRegularFile(this.calls, path, flags, { mode: this.fileMode, onOther: isOther });
  }

  /** Told without an error, which costs more than all the rest of a look at what is not there. */
  isNothingAt(key: Key): boolean {
    return this.#lstatOf(key) === undefined;
  }

  /** The path of an open file itself, whatever has become of its name; undefined where there is none. */
  pathOfOpen(descriptor: number): string | undefined {
    return this.calls.descriptorPathSync(descriptor) && `${ownDescriptors}/${descriptor}`;
  }

  /** Whether an open file or directory is where its key says; undefined where the system does not tell. */
  #isAt(descriptor: number, key: string): boolean | undefined {
    const where = this.calls.descriptorPathSync(descriptor);
    if (where === undefined) return undefined;
    if (where === this.#realPathOf(key)) return true;
    // The root may have been moved meanwhile, or its link leads elsewhere.
    this.#realRoot = undefined;
    return where === this.#realPathOf(key);
  }

  /** The same for a file that may have been replaced or removed since it was opened: it was there. */
  #wasAt(descriptor: number, key: string): boolean | undefined {
    const isThere = this.#isAt(descriptor, key);
    if (isThere !== false) return isThere;
    return this.calls.descriptorPathSync(descriptor) === `${this.#realPathOf(key)} (deleted)`;
  }

  #realPathOf(key: string): string {
    this.#realRoot ??= this.#findRoot();
    if (key === '') return this.#realRoot;
    return this.#realRoot === '/' ? `/${key}` : `${this.#realRoot}/${key}`;
  }

  /** As the kernel calls it, whose word everything else is compared with. */
  #findRoot(): string {
    const descriptor = this.calls.openSync(this.root, directoryFlags, 0);
    try {
      return this.calls.descriptorPathSync(descriptor) ?? this.root;
    } finally {
      this.calls.closeSync(descriptor);
    }
  }

  /** For a reader that found no regular file: what is there all the same is no absence. */
  refuseIrregular(key: Key): void {
    const held = this.tryHold(parentOf(key));
    if (held === undefined) return;
    try {
      held.lstatFile(nameOf(key));
    } catch (error) {
      if (!meansAbsent(error)) throw error;
    } finally {
      held.close();
    }
  }

  /** The attributes of a regular file; undefined when there is none. Cheap for a file that was asked for before: one call. */
  statFile(key: Key): Stats | undefined {
    const stats = this.calls.lstatSync(this.pathOf(key));
    if (stats?.isFile() !== true) return undefined;
    const seen = this.#seen.get(key);
    if (seen !== undefined && sameVersion(stats, seen)) return stats;
    const real = this.#lstatFromParent(key);
    if (real?.isFile() !== true) return undefined;
    if (this.#seen.size >= maxSeen) this.#seen.clear();
    this.#seen.set(key, real);
    return real;
  }

  #lstatFromParent(key: Key): Stats | undefined {
    const flags = process.platform === 'linux' ? O_PATH | O_DIRECTORY : directoryFlags;
    const held = this.tryHold(parentOf(key), flags);
    try {
      return held?.lstat(nameOf(key));
    } finally {
      held?.close();
    }
  }

  /** Regular files and directories directly below a prefix, in byte order; names that start with `.moorage` are ours alone. */
  async childrenOf(prefix: Key): Promise<readonly Child[]> {
    const children: Child[] = [];
    for (const entry of await this.#entriesOf(prefix)) {
      if (isOwnName(entry.name)) continue;
      if (entry.isFile()) children.push({ name: entry.name, kind: 'object' });
      else if (entry.isDirectory()) children.push({ name: entry.name, kind: 'prefix' });
    }
    // In byte order, which is that of the text where it is ASCII: twenty thousand repositories are sorted while every request waits.
    const isAscii = children.every(({ name }) => Buffer.byteLength(name) === name.length);
    return children.sort(isAscii ? byText : byBytes);
  }

  /** Of a directory: its time stamp moves with each name that comes or goes. Undefined when there is none. */
  listingVersion(prefix: Key): ListingVersion | undefined {
    const nowMs = this.calls.now();
    const stats = this.hasRealParents(`${prefix}/`) ? this.calls.lstatSync(this.pathOf(prefix)) : undefined;
    if (stats?.isDirectory() !== true) return undefined;
    const { dev, ino, mtimeMs, ctimeMs } = stats;
    // In the same tick of the clock another name may go, and the time stamp stays.
    const isSettled = Math.abs(nowMs - Math.max(mtimeMs, ctimeMs)) >= settleMsOf(mtimeMs);
    return `${dev}-${ino}-${mtimeMs}-${ctimeMs}${isSettled ? '' : `-${randomUUID()}`}` as ListingVersion;
  }

  /** Undefined when there is no such directory. */
  directoryChangedAtMs(prefix: Key): number | undefined {
    const stats = this.hasRealParents(`${prefix}/`) ? this.calls.lstatSync(this.pathOf(prefix)) : undefined;
    return stats?.isDirectory() === true ? Math.max(stats.mtimeMs, stats.ctimeMs) : undefined;
  }

  /** False when a directory on the way to `key` is absent or is no directory, such as a symbolic link. */
  hasRealParents(key: string): boolean {
    for (let slash = key.indexOf('/'); slash !== -1; slash = key.indexOf('/', slash + 1)) {
      const stats = this.#lstatOf(key.slice(0, slash));
      if (stats?.isDirectory() === true) continue;
      if (stats !== undefined) this.#notRegular(key);
      return false;
    }
    return true;
  }

  #lstatOf(key: string): Stats | undefined {
    try {
      return this.calls.lstatSync(this.pathOf(key));
    } catch (error) {
      if (meansAbsent(error)) return undefined;
      throw error;
    }
  }

  async #entriesOf(prefix: Key): Promise<readonly Dirent[]> {
    const held = this.tryHold(prefix);
    try {
      return held === undefined ? [] : await this.calls.readdir(held.path);
    } finally {
      held?.close();
    }
  }

  #notRegular(key: string): void {
    if (this.#irregular.has(key)) return;
    this.#irregular.add(key);
    this.log.warn('not a regular file below real directories: treated as absent', { key });
  }
}

/** A new name for a file being written beside its target, which must be on the same file system. */
export function newDraftName(): string {
  return `${draftPrefix}${randomUUID()}`;
}

export function parentOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('/')));
}

export function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

function byText({ name: one }: Child, { name: other }: Child): number {
  return one < other ? -1 : Number(one > other);
}

function byBytes({ name: one }: Child, { name: other }: Child): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
