// Whether the root is still the one that was opened. A volume that is unmounted or replaced leaves another directory under the same
// path: everything would be absent there, and what is pushed would be gone once the volume is back. So nothing is called absent, and
// nothing written, before this was asked: one stat of the id file while all is well.
import type { Stats } from 'node:fs';
import type { RootOrigin } from '../root-origin.ts';
import { StorageError } from '../storage-error.ts';
import { meansAbsent, saysNoSpace } from './errno.ts';
import { type FileInfo, sameVersion } from './file-info.ts';
import { layRootForm, readRootForm } from './root-form.ts';
import { idKey, layRootId, type RootId, readRootId } from './root-id.ts';
import type { StoreParts } from './store-parts.ts';

/** As long as the steps of one request that do not wait take. */
const momentMs = 1;

export interface RootIdentityOptions {
  /** False: an id that is there is looked at, and none is laid. */
  readonly laysId: boolean;
  /** What was known of directories and files holds no more. */
  readonly onMoved: () => void;
  /** Nothing is kept open that lies there. */
  readonly onAway: () => void;
}

export class RootIdentity {
  readonly #parts: StoreParts;
  readonly #options: RootIdentityOptions;
  /** The directory that was the right one when it was looked at last. */
  #directory: Stats;
  #wasEmpty = true;
  #id: RootId | undefined;
  /** The file that the id was read from; undefined while there is none. */
  #file: FileInfo | undefined;
  /** False while the mark of its form is to be laid. */
  #isMarked = false;
  #origin: RootOrigin = 'adopted';
  #laying: Promise<void> | undefined;
  #isAway = false;
  /** As it should be. */
  #seenAtMs = Number.NEGATIVE_INFINITY;

  private constructor(parts: StoreParts, directory: Stats, options: RootIdentityOptions) {
    this.#parts = parts;
    this.#directory = directory;
    this.#options = options;
    parts.tree.trustRoot(directory);
  }

  static async open(parts: StoreParts, directory: Stats, options: RootIdentityOptions): Promise<RootIdentity> {
    const identity = new RootIdentity(parts, directory, options);
    const found = await readRootId(parts.tree);
    identity.#id = found?.id;
    identity.#file = found?.info;
    const names = found === undefined ? await identity.#names() : undefined;
    identity.#wasEmpty = names?.length === 0;
    const origin = await readRootForm(parts.tree);
    identity.#isMarked = origin !== undefined;
    identity.#origin = origin ?? originOf(names);
    return identity;
  }

  get origin(): RootOrigin {
    return this.#origin;
  }

  /** Throws 'unavailable' while another directory, or none, is where the root was. */
  async assertPresent(): Promise<void> {
    const { calls } = this.#parts.tree;
    const nowMs = calls.elapsed();
    if (!this.#isAway && this.#isUntouched()) {
      this.#seenAtMs = nowMs;
      return;
    }
    this.#seenAtMs = Number.NEGATIVE_INFINITY;
    try {
      await this.#lookCloser();
    } catch (error) {
      if (!this.#isAway)
        this.#log('the storage directory is gone or another one: nothing is served until it is back', { error });
      this.#isAway = true;
      this.#options.onAway();
      throw error;
    }
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#log('the storage directory is back', {});
    this.#options.onMoved();
  }

  /** The same before something is done, after which it is asked again: what was seen a moment ago counts. */
  async assertPresentLately(): Promise<void> {
    const { calls } = this.#parts.tree;
    if (!this.#isAway && calls.elapsed() - this.#seenAtMs < momentMs) return;
    await this.assertPresent();
  }

  /** The same before something is written; gives a root without an id one, and the mark of its form. */
  async assertWritable(): Promise<void> {
    await this.assertPresentLately();
    if ((this.#file !== undefined && this.#isMarked) || !this.#options.laysId) return;
    this.#laying ??= this.#lay().finally(() => {
      this.#laying = undefined;
    });
    await this.#laying;
  }

  /**
   * Runs `work`, and throws 'unavailable' when the root is another one afterwards: what was written may be below its mount point. The result
   * is nobody's then: `undo` closes or removes what is in it.
   */
  async during<Result>(
    work: () => Promise<Result>,
    undo: (result: Result) => Promise<void> = async () => {},
  ): Promise<Result> {
    let result: Result;
    try {
      result = await work();
    } catch (error) {
      await this.assertPresent();
      throw error;
    }
    try {
      await this.assertPresent();
    } catch (error) {
      await undo(result);
      throw error;
    }
    return result;
  }

  #isUntouched(): boolean {
    const { calls } = this.#parts.tree;
    try {
      if (this.#file !== undefined) {
        const now = calls.lstatSync(this.#parts.tree.pathOf(idKey));
        return now !== undefined && sameVersion(now, this.#file.stats);
      }
      const now = calls.statSync(this.#parts.tree.root);
      return now !== undefined && now.dev === this.#directory.dev && isSameDirectory(now, this.#directory);
    } catch (error) {
      if (meansAbsent(error)) return false;
      throw error;
    }
  }

  async #lookCloser(): Promise<void> {
    const directory = this.#lookAtRoot();
    const found = await readRootId(this.#parts.tree);
    if (found === undefined || found.id !== this.#id) await this.#assertReplaceable(directory, found?.id);
    const isMoved = directory.dev !== this.#directory.dev || !isSameDirectory(directory, this.#directory);
    this.#directory = directory;
    this.#parts.tree.trustRoot(directory);
    this.#id = found?.id ?? this.#id;
    this.#file = found?.info;
    // Who removed the id removed the mark.
    if (found === undefined) this.#isMarked = false;
    if (!isMoved) return;
    this.#log('the storage directory was mounted again or replaced', {});
    this.#options.onMoved();
  }

  /** Of a root without its id, or with another one. */
  async #assertReplaceable(directory: Stats, id: RootId | undefined): Promise<void> {
    // Somebody removed `.moorage/` from the very directory that was opened, and perhaps another server began it anew.
    if (isSameDirectory(directory, this.#directory) && isTelling(directory, this.#directory)) return;
    if (this.#id !== undefined) throw this.#isAnother(id === undefined ? 'has no id' : 'has another id');
    // Never written to by us: people put a new version of a layout in the place of an old one. An empty mount point is none.
    if (!this.#wasEmpty && (await this.#isEmpty())) throw this.#isAnother('is empty');
  }

  async #lay(): Promise<void> {
    try {
      // Before the id: a root with an id and without a mark is taken for one of an earlier version.
      if (!this.#isMarked) await layRootForm(this.#parts, this.#origin);
      this.#isMarked = true;
      if (this.#file !== undefined) return;
      const { id, info } = await layRootId(this.#parts, this.#id);
      this.#id = id;
      this.#file = info;
    } catch (error) {
      // Deletes work on a full disk, too; until there is room for an id the directory is known by itself.
      if (!saysNoSpace(error)) throw error;
    }
  }

  #lookAtRoot(): Stats {
    const { calls, root } = this.#parts.tree;
    let stats: Stats | undefined;
    try {
      stats = calls.statSync(root);
    } catch (error) {
      if (!meansAbsent(error)) throw error;
    }
    if (stats?.isDirectory() === true) return stats;
    throw new StorageError('unavailable', `the storage directory ${root} is gone`);
  }

  async #isEmpty(): Promise<boolean> {
    return (await this.#names()).length === 0;
  }

  async #names(): Promise<readonly string[]> {
    const { calls, root } = this.#parts.tree;
    return (await calls.readdir(root)).map(({ name }) => name);
  }

  #isAnother(how: string): StorageError {
    const { root } = this.#parts.tree;
    return new StorageError('unavailable', `${root} is not the storage directory that was opened: it ${how}`);
  }

  #log(message: string, details: object): void {
    const { log, root } = this.#parts.tree;
    log.warn(message, { root, ...details });
  }
}

/** Of a root without a mark; `names` is what lies in it where it has no id. A volume may come with `lost+found`, and with hidden files. */
function originOf(names: readonly string[] | undefined): RootOrigin {
  if (names === undefined) return 'earlier';
  return names.every((name) => name.startsWith('.') || name === 'lost+found') ? 'created' : 'adopted';
}

/** By what stays the same when a volume is mounted again. */
function isSameDirectory(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.birthtimeMs === other.birthtimeMs;
}

/** The roots of two volumes may have one inode number: where there is no time of birth, the device must be the same, too. */
function isTelling(one: Stats, other: Stats): boolean {
  return one.birthtimeMs !== 0 || one.dev === other.dev;
}
