// The file that an update took the place of, kept open: programs that write index.json in place may have opened it
// before our rename, and finish into a file without a name. What they wrote is read from here.
import { constants, type Stats } from 'node:fs';
import type { ReplacedObject, StoredObject } from '../object-store.ts';
import { toStorageError } from './errno.ts';
import { sameLabel, sameVersion } from './file-info.ts';
import type { FileTree } from './file-tree.ts';
import type { HeldDirectory } from './held-directory.ts';
import { readWhole } from './read-file.ts';

/** Where it is, and how `change` saw it. */
export interface FileToReplace {
  readonly held: HeldDirectory;
  readonly name: string;
  readonly seen: Stats;
  readonly isSettled: boolean;
}

export class ReplacedFile implements ReplacedObject {
  readonly #tree: FileTree;
  #descriptor: number;
  /** As `change` saw it. The change time is left out: our own rename moves it. */
  readonly #baseline: Stats;
  readonly #wasSettled: boolean;
  #reads = 0;
  #closed = false;

  private constructor(tree: FileTree, descriptor: number, baseline: Stats, wasSettled: boolean) {
    this.#tree = tree;
    this.#descriptor = descriptor;
    this.#baseline = baseline;
    this.#wasSettled = wasSettled;
  }

  /** Opens what is about to be replaced; undefined when it is no longer what `change` saw. */
  static open(tree: FileTree, { held, name, seen, isSettled }: FileToReplace): ReplacedFile | undefined {
    const opened = tree.openIn(held, name, constants.O_RDONLY);
    if (opened === undefined) return undefined;
    if (sameVersion(opened.stats, seen)) return new ReplacedFile(tree, opened.descriptor, seen, isSettled);
    tree.calls.closeSync(opened.descriptor);
    return undefined;
  }

  /** Opens what was replaced without having been seen: all of it counts as changed. */
  static openDisplaced(
    tree: FileTree,
    { held, name, seen }: Omit<FileToReplace, 'isSettled'>,
  ): ReplacedFile | undefined {
    const opened = tree.openIn(held, name, constants.O_RDONLY);
    return opened && new ReplacedFile(tree, opened.descriptor, seen, true);
  }

  async readIfChanged(limit: number): Promise<StoredObject | undefined> {
    // After `close` the descriptor's number may be another file's: that one's bytes would pass for what was written here.
    if (this.#closed) return undefined;
    this.#reads += 1;
    try {
      const { calls } = this.#tree;
      const isUnchanged = sameLabel(calls.fstatSync(this.#descriptor), this.#baseline);
      // In the same tick of the clock an edit leaves the attributes as they are: then only the bytes can tell.
      if (isUnchanged && this.#wasSettled) return undefined;
      return await readWhole(this.#tree, this.#descriptor, limit);
    } catch (error) {
      throw toStorageError(error, 'read');
    } finally {
      this.#reads -= 1;
      if (this.#closed && this.#reads === 0) await this.#tree.calls.close(this.#descriptor);
    }
  }

  /**
   * It is about to be written anew through `descriptor`: closed here, if `take` finds that nobody else has it open then. Otherwise whoever has may
   * still write into it: it is read through that descriptor from now on ('kept'), unless it was closed already ('refused'). Where `take` throws, the
   * descriptor is nobody's to close.
   */
  yieldTo(descriptor: number, take: () => boolean): 'yielded' | 'kept' | 'refused' {
    if (this.#reads > 0) return 'refused';
    if (this.#closed) return this.#isTaken(descriptor, take) ? 'yielded' : 'refused';
    this.#tree.calls.closeSync(this.#descriptor);
    this.#descriptor = descriptor;
    if (!take()) return 'kept';
    this.#closed = true;
    return 'yielded';
  }

  #isTaken(descriptor: number, take: () => boolean): boolean {
    let isTaken: boolean | undefined;
    try {
      isTaken = take();
      return isTaken;
    } finally {
      if (isTaken === undefined) this.#tree.calls.closeSync(descriptor);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#reads === 0) await this.#tree.calls.close(this.#descriptor);
  }
}
