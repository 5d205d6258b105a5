// Locks that are kept from one update of a directory to the next one, where that follows at once: to take and give back a lock costs two
// changes of the directory, as much as all else that a small update does on the processor.
import type { HeldLock } from './file-lock.ts';
import type { FileTree } from './file-tree.ts';
import type { HeldDirectory } from './held-directory.ts';

export interface KeptLock {
  readonly held: HeldDirectory;
  readonly lock: HeldLock;
  /** When it was taken, by the clock that never goes back. */
  readonly sinceMs: number;
}

/** Well below what makes a lock stale, and below how often proper-lockfile touches one. Others that wait get their turn by then. */
const longestMs = 500;
/** What was said to follow at once, and does not come. */
const idleMs = 20;

export class KeptLocks {
  readonly #tree: FileTree;
  readonly #kept = new Map<string, KeptLock & { readonly timer: NodeJS.Timeout }>();
  readonly #releasing = new Set<Promise<void>>();

  constructor(tree: FileTree) {
    this.#tree = tree;
  }

  /** The one that is kept for the directory, the caller's from now on; undefined where there is none that still holds. */
  async take(directory: string): Promise<KeptLock | undefined> {
    const kept = this.#kept.get(directory);
    if (kept === undefined) return undefined;
    this.#kept.delete(directory);
    clearTimeout(kept.timer);
    let isGood = false;
    try {
      isGood = this.#tree.isInPlace(kept.held) && kept.lock.isOurs();
    } finally {
      // Also where that cannot be told: it would be kept from everybody for as long as this process runs.
      if (!isGood) await giveBack(kept);
    }
    return isGood ? kept : undefined;
  }

  /** Keeps it for the next one who asks, or gives it back where it was had for long enough. */
  async keep(one: KeptLock): Promise<void> {
    const ageMs = this.#tree.calls.elapsed() - one.sinceMs;
    if (ageMs >= longestMs || one.lock.isWanted()) return giveBack(one);
    const { key } = one.held;
    const timer = setTimeout(() => this.#releaseLater(key), idleMs);
    this.#kept.set(key, { ...one, timer });
  }

  /** Also waits for what is being given back: whoever closes may remove the directory then. */
  async releaseAll(): Promise<void> {
    for (const directory of [...this.#kept.keys()]) await this.#release(directory);
    await Promise.all(this.#releasing);
  }

  #releaseLater(directory: string): void {
    const releasing = this.#release(directory).finally(() => this.#releasing.delete(releasing));
    this.#releasing.add(releasing);
  }

  async #release(directory: string): Promise<void> {
    const kept = this.#kept.get(directory);
    if (kept === undefined) return;
    this.#kept.delete(directory);
    clearTimeout(kept.timer);
    await giveBack(kept);
  }
}

export async function giveBack({ held, lock }: KeptLock): Promise<void> {
  try {
    await lock.release();
  } finally {
    held.close();
  }
}
