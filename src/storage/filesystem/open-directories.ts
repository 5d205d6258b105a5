// Directories that are written to again and again stay open for a moment, since to open one, to make sure where it is and to walk through those
// that it lies in costs more than what is done in it. Only for a moment: what is open cannot be unmounted.
import type { FileTree } from './file-tree.ts';
import type { HeldDirectory } from './held-directory.ts';

/** After its last use. */
const idleMs = 10;
/** So often it is made sure again that those that it lies in are durable: somebody may have moved it into new ones. */
const walkEveryMs = 1_000;
const maxOpen = 64;

interface OpenDirectory {
  readonly held: HeldDirectory;
  readonly walkedAtMs: number;
  users: number;
  wasUsed: boolean;
}

export class OpenDirectories {
  readonly #tree: FileTree;
  readonly #open = new Map<string, OpenDirectory>();
  /** Those that nobody is to be given any more, until their last user lets go. */
  readonly #leaving = new Map<HeldDirectory, OpenDirectory>();
  #idle: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(tree: FileTree) {
    this.#tree = tree;
  }

  /**
   * Undefined where it is not open, is another one by now, which does not matter to who may use it `anywhere`, or those that it lies in are to
   * be looked at. To be released.
   */
  take(directory: string, anywhere: boolean): HeldDirectory | undefined {
    const open = this.#open.get(directory);
    if (open === undefined) return undefined;
    const isFresh = this.#tree.calls.elapsed() - open.walkedAtMs < walkEveryMs;
    if (!isFresh || !(anywhere || this.#tree.isInPlace(open.held))) {
      this.#leave(open);
      return undefined;
    }
    open.users += 1;
    open.wasUsed = true;
    return open.held;
  }

  /** One that was just opened, below directories that are durable. To be released. */
  add(held: HeldDirectory): HeldDirectory {
    const open: OpenDirectory = { held, walkedAtMs: this.#tree.calls.elapsed(), users: 1, wasUsed: true };
    // Where names are looked up from the root, there is nothing to gain.
    const isKept = held.isByDescriptor && !this.#isClosed && this.#open.size < maxOpen && !this.#open.has(held.key);
    if (!isKept) {
      this.#leaving.set(held, open);
      return held;
    }
    this.#open.set(held.key, open);
    this.#idle ??= setInterval(() => this.#closeIdle(), idleMs).unref();
    return held;
  }

  release(held: HeldDirectory): void {
    const leaving = this.#leaving.get(held);
    const open = leaving ?? this.#open.get(held.key);
    if (open === undefined) return;
    open.users -= 1;
    if (leaving === undefined || open.users > 0) return;
    this.#leaving.delete(held);
    held.close();
  }

  /** It is another one by now. */
  drop(held: HeldDirectory): void {
    const open = this.#open.get(held.key);
    if (open?.held === held) this.#leave(open);
  }

  /** From now on each is closed after its use. */
  close(): void {
    this.#isClosed = true;
    this.forget();
  }

  /** All are opened anew from now on. */
  forget(): void {
    for (const open of [...this.#open.values()]) this.#leave(open);
    clearInterval(this.#idle);
    this.#idle = undefined;
  }

  #leave(open: OpenDirectory): void {
    this.#open.delete(open.held.key);
    if (open.users === 0) open.held.close();
    else this.#leaving.set(open.held, open);
  }

  #closeIdle(): void {
    for (const open of [...this.#open.values()]) {
      if (open.users === 0 && !open.wasUsed) this.#leave(open);
      open.wasUsed = false;
    }
    if (this.#open.size > 0) return;
    clearInterval(this.#idle);
    this.#idle = undefined;
  }
}
