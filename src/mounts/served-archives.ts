// A directory of archives, each served under its name as if it had been a PATH, and those of them that cannot be: found at the start, and
// looked for again while the directory is served. Another program may be copying one at this moment: none is served that is not whole.
import { join } from 'node:path';
import { Pace } from '../layout/pacing/pace.ts';
import { isError } from '../oci/is-error.ts';
import { isRepositoryName, type RepositoryName } from '../oci/reference.ts';
import { identityAt } from '../storage/archive/archive-file.ts';
import { type Clock, systemClock } from '../storage/clock.ts';
import { exists, modifiedAtMs, realPathOf } from '../storage/filesystem/path-probe.ts';
import { StorageError, type StorageFailure } from '../storage/storage-error.ts';
import type { ArchiveMount } from './archive-mount.ts';
import { archivesBelowPaced, type FoundArchive, nameOfArchive } from './archives-below.ts';
import { hasImageIndex } from './image-index-file.ts';

/** Written to so lately, a file is most likely being copied. */
const quietMs = 1_500;
/** Each is a file that stays open. */
const maxServed = 500;
const beingWritten = 'it is being written';

export interface ServedArchivesOptions {
  readonly directory: string;
  /** What comes before the names of the archives. */
  readonly name: RepositoryName | '';
  /** Whether repositories are made here by pushes, which an archive of a later day must not hide. */
  readonly isWritable: boolean;
  /** False while the volume of the directory is away: then nothing of it is called gone. */
  readonly isInReach: () => Promise<boolean>;
  /** Names, and absolute paths, of what is served besides. */
  readonly others: readonly Pick<ArchiveMount, 'name' | 'path'>[];
  /** The system's unless given. */
  readonly clock?: Pick<Clock, 'now'>;
  /** Lets go of what was derived from archives that are gone or changed; who reads it still keeps it. */
  readonly tidy: () => Promise<void>;
  /** Throws what opening an archive throws. */
  readonly open: (path: string, name: RepositoryName) => Promise<ArchiveMount>;
}

export interface UnservedArchive {
  /** Below the directory. */
  readonly path: string;
  readonly reason: string;
  /** Undefined where nothing is wrong with the file itself. */
  readonly failure: StorageFailure | undefined;
}

export interface ArchiveChanges {
  readonly added: readonly ArchiveMount[];
  readonly removed: readonly ArchiveMount[];
  /** Since the last look. */
  readonly unserved: readonly UnservedArchive[];
}

/** What became of one: it is served, or `why` says why not; both for one that is served as it was before it was broken. */
interface Known {
  readonly version: string | undefined;
  readonly mount: ArchiveMount | undefined;
  readonly why: UnservedArchive | undefined;
}

/** What one look has found so far. */
class Looked {
  readonly known = new Map<string, Known>();
  /** Paths of what is served, by its name. */
  readonly #served = new Map<string, string>();

  set(path: string, known: Known): void {
    this.known.set(path, known);
    if (known.mount !== undefined) this.#served.set(known.mount.name, path);
  }

  servedAs(name: string): string | undefined {
    return this.#served.get(name);
  }

  get hasMostServed(): boolean {
    return this.#served.size >= maxServed;
  }
}

export class ServedArchives {
  readonly #options: ServedArchivesOptions;
  #known: ReadonlyMap<string, Known> = new Map();

  private constructor(options: ServedArchivesOptions) {
    this.#options = options;
  }

  /** Opens what is there now. */
  static async open(options: ServedArchivesOptions): Promise<ServedArchives> {
    const directory = new ServedArchives(options);
    await directory.#look(0);
    return directory;
  }

  get directory(): string {
    return this.#options.directory;
  }

  get mounts(): readonly ArchiveMount[] {
    return [...this.#known.values()].flatMap(({ mount }) => (mount === undefined ? [] : [mount]));
  }

  /** Archives that are there and are not served. */
  get unserved(): readonly UnservedArchive[] {
    return [...this.#known.values()].flatMap(({ why }) => (why === undefined ? [] : [why]));
  }

  /**
   * What came, went or changed since. One that changed is served as it was until it is whole again. Those that are removed stay open: whoever
   * served them closes them.
   */
  async look(): Promise<ArchiveChanges> {
    if (!(await this.#options.isInReach())) return { added: [], removed: [], unserved: [] };
    const changes = await this.#look(quietMs);
    if (changes.removed.length > 0) await this.#options.tidy();
    return changes;
  }

  async #look(quiet: number): Promise<ArchiveChanges> {
    const before = this.#known;
    const now = new Looked();
    const added: ArchiveMount[] = [];
    const unserved: UnservedArchive[] = [];
    const isServed = ({ path }: FoundArchive) => before.get(path)?.mount !== undefined;
    const all = await archivesBelowPaced(this.#options.directory);
    const pace = new Pace();
    // Who has a name keeps it.
    for (const found of [...all.filter(isServed), ...all.filter((each) => !isServed(each))]) {
      const known = before.get(found.path);
      const next = await this.#next(found, known, now, quiet);
      await pace.step();
      if (next === undefined) continue;
      now.set(found.path, next);
      if (next.mount !== undefined && next.mount !== known?.mount) added.push(next.mount);
      const isNew = next.why?.reason !== known?.why?.reason && next.why?.reason !== beingWritten;
      if (next.why !== undefined && isNew) unserved.push(next.why);
    }
    this.#known = now.known;
    const kept = new Set(this.mounts);
    const removed = [...before.values()].flatMap(({ mount }) =>
      mount === undefined || kept.has(mount) ? [] : [mount],
    );
    return { added, removed, unserved };
  }

  /** Undefined for what is not yet to be looked at, or served as a PATH of its own. */
  async #next(found: FoundArchive, known: Known | undefined, now: Looked, quiet: number): Promise<Known | undefined> {
    const { path, version } = found;
    const at = join(this.#options.directory, path);
    if (this.#options.others.some((other) => other.path === at)) return undefined;
    const unserved = (reason: string, failure?: StorageFailure): Known => ({
      version,
      mount: undefined,
      why: { path, reason, failure },
    });
    const name = this.#nameOf(path);
    if (name === undefined) return unserved('no repository name can be made of it');
    const taken = this.#whyTaken(name, path, now);
    if (taken !== undefined) return unserved(taken);
    if (version === undefined) return unserved('a symbolic link, which is not followed: name it as a PATH');
    if (now.hasMostServed)
      return unserved(`${maxServed} archives of the directory are served, and no more: name it as a PATH`);
    const isUnchanged = known !== undefined && known.version === version;
    if (isUnchanged && (known.why === undefined || isLasting(known.why))) return known;
    if (this.#isYoung(at, quiet)) return known ?? unserved(beingWritten);
    try {
      return { version, mount: await this.#opened(at, path, name), why: undefined };
    } catch (error) {
      const { reason, failure } = whyNot(error, at);
      const broken = unserved(reason, failure);
      // What was whole is served as it was until something whole is in its place, and room for it.
      return failure === 'unsafe' ? broken : { ...broken, mount: known?.mount };
    }
  }

  #isYoung(path: string, quiet: number): boolean {
    const { clock = systemClock } = this.#options;
    const modified = modifiedAtMs(path);
    const age = modified === undefined ? 0 : clock.now() - modified;
    // Clocks of sticks and of other machines may be ahead.
    return age >= 0 && age < quiet;
  }

  /** Throws a StorageError for one that is not whole, or not of this directory. */
  async #opened(at: string, path: string, name: RepositoryName): Promise<ArchiveMount> {
    const { directory, open } = this.#options;
    const expected = join(realPathOf(directory), path);
    const assertHere = () => {
      if (realPathOf(at) !== expected) throw new StorageError('unsafe', `${at} is below a symbolic link`);
    };
    assertHere();
    const mount = await open(at, name);
    try {
      assertHere();
      // A link may have been there for just the moment in which it was opened.
      if (mount.identity !== identityAt(expected)) {
        throw new StorageError('unavailable', `${at} was exchanged while it was opened`);
      }
      for (const { kind } of mount.problems) {
        if (kind === 'damaged') throw new StorageError('unavailable', `${at} is damaged, or not yet whole`);
        if (kind === 'cut-off')
          throw new StorageError('unavailable', `${at} has no end: it was cut off, or is not yet whole`);
      }
      return { ...mount, foundIn: directory };
    } catch (error) {
      await mount.reader.close();
      throw error;
    }
  }

  #nameOf(path: string): RepositoryName | undefined {
    const below = nameOfArchive(path);
    const name = below === undefined || this.#options.name === '' ? below : `${this.#options.name}/${below}`;
    return name !== undefined && isRepositoryName(name) ? name : undefined;
  }

  #whyTaken(name: RepositoryName, path: string, now: Looked): string | undefined {
    const { others, directory, isWritable } = this.#options;
    if (others.some((other) => other.name === name)) return `another PATH is served as ${name}`;
    const other = now.servedAs(name);
    if (other !== undefined && other !== path) return `${other} is served as ${name}`;
    const beside = join(directory, name.slice(this.#options.name === '' ? 0 : this.#options.name.length + 1));
    const isTaken = exists(beside) && (isWritable || hasImageIndex(beside));
    return isTaken ? `the directory beside it is served as ${name}` : undefined;
  }
}

/** Of the file as it is: only another version of it is tried again. */
function isLasting({ failure }: UnservedArchive): boolean {
  return failure !== undefined && failure !== 'no-space';
}

interface Reason {
  readonly reason: string;
  readonly failure: StorageFailure;
}

function whyNot(error: unknown, path: string): Reason {
  if (!(error instanceof StorageError)) {
    // It went, or may not be looked at.
    if (isError(error) && 'code' in error) return { reason: error.message, failure: 'unavailable' };
    throw error;
  }
  const { message, failure } = error;
  return { reason: message.startsWith(`${path} `) ? message.slice(path.length + 1) : message, failure };
}
