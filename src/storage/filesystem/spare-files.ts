// Files that a replacement displaced, kept for a moment: a large one is not written as a whole by the next replacement, but where it differs from what
// that file held. Nothing shows it by then, as index.json durably is another one; and only while nobody has it open, which the kernel tells
// (lease.ts): who began to read it, or to write into it, before it was displaced goes on with the file that he opened.
import { constants, type Stats } from 'node:fs';
import type { Pieces } from '../pieces.ts';
import { meansAbsent, refusesOpening } from './errno.ts';
import { sameLabel } from './file-info.ts';
import type { FileTree } from './file-tree.ts';
import type { HeldDirectory, OpenedFile } from './held-directory.ts';
import type { ReplacedFile } from './replaced-file.ts';

/** Below it a new file costs no more. */
const leastBytes = 65_536;
/** After its last use. Other programs see a hidden file for as long. */
const idleMs = 100;
const maxKept = 16;

/** A file that this process published, and what it holds. */
export interface PublishedPieces {
  readonly stats: Stats;
  readonly pieces: Pieces;
}

/** The name that it has now, and who may still have it open here. */
export interface SpareFile extends PublishedPieces {
  readonly name: string;
  readonly replaced: ReplacedFile;
}

/** To be written to, with a lease. The descriptor is the caller's, and so is the name. */
export interface TakenSpare {
  readonly name: string;
  readonly descriptor: number;
  readonly pieces: Pieces;
}

interface Kept {
  readonly published: PublishedPieces;
  spare: SpareFile | undefined;
  wasUsed: boolean;
}

export class SpareFiles {
  readonly #tree: FileTree;
  readonly #isUsed: boolean;
  readonly #kept = new Map<string, Kept>();
  #idle: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** `isUsed`: false where other machines may have files open. */
  constructor(tree: FileTree, isUsed: boolean) {
    this.#tree = tree;
    this.#isUsed = isUsed;
  }

  /** What a file of the directory holds that this process published last; undefined when it is another one. */
  piecesOf(directory: string, stats: Stats): Pieces | undefined {
    const published = this.#kept.get(directory)?.published;
    return published !== undefined && sameLabel(published.stats, stats) ? published.pieces : undefined;
  }

  /** A file was published, durably: the one before may be written to from now on. */
  keep(directory: string, published: PublishedPieces, spare: SpareFile | undefined): void {
    const { size, dev, mtimeMs } = published.stats;
    // Where times are whole seconds, a program that writes as many bytes into it within the second leaves no trace.
    const isTold = !Number.isInteger(mtimeMs);
    const mayKeep = this.#isUsed && !this.#isClosed && size >= leastBytes && isTold && this.#isOfRoot(directory, dev);
    if (!mayKeep) {
      if (spare !== undefined) void this.#remove(directory, spare);
      this.#kept.delete(directory);
      return;
    }
    this.#kept.set(directory, { published, spare, wasUsed: true });
    this.#idle ??= setInterval(() => this.#dropIdle(), idleMs).unref();
  }

  /**
   * For the next version of what it was displaced by; undefined when there is none that may be written to. `isLost`: what it holds on the disk is not
   * known.
   */
  take(held: HeldDirectory, isLost: (stats: Stats) => boolean): TakenSpare | undefined {
    const kept = this.#kept.get(held.key);
    const spare = kept?.spare;
    if (kept === undefined || spare === undefined) return undefined;
    kept.spare = undefined;
    let taken: TakenSpare | undefined;
    try {
      if (!isLost(spare.stats)) taken = this.#take(held, spare);
      return taken;
    } finally {
      if (taken === undefined) void this.#remove(held.key, spare);
    }
  }

  #take(held: HeldDirectory, { name, stats, pieces, replaced }: SpareFile): TakenSpare | undefined {
    const { calls } = this.#tree;
    const opened = this.#open(held, name);
    if (opened === undefined) return undefined;
    const { descriptor } = opened;
    const isUntouched = isAsItWas(opened.stats, stats);
    const yielded = isUntouched ? replaced.yieldTo(descriptor, () => this.#lease(descriptor, stats)) : 'refused';
    if (yielded === 'refused') calls.closeSync(descriptor);
    return yielded === 'yielded' ? { name, descriptor, pieces } : undefined;
  }

  /** Undefined also where it may not be opened: a new file is written then. */
  #open(held: HeldDirectory, name: string): OpenedFile | undefined {
    try {
      return this.#tree.openIn(held, name, constants.O_RDWR);
    } catch (error) {
      if (refusesOpening(error)) return undefined;
      throw error;
    }
  }

  /** Looked at once more with the lease: who had it open until a moment before may have written into it after the first look. */
  #lease(descriptor: number, stats: Stats): boolean {
    const { calls } = this.#tree;
    if (!calls.leaseSync(descriptor)) return false;
    let isUntouched = false;
    try {
      isUntouched = isAsItWas(calls.fstatSync(descriptor), stats);
      return isUntouched;
    } finally {
      if (!isUntouched) calls.unleaseSync(descriptor);
    }
  }

  /** What lies on another file system than the root may be open on other machines. */
  #isOfRoot(directory: string, dev: number): boolean {
    return this.#kept.has(directory) || this.#tree.calls.statSync(this.#tree.root)?.dev === dev;
  }

  /** Another volume is where the root was: what was kept is left to the one that has it. */
  forget(): void {
    this.#kept.clear();
    clearInterval(this.#idle);
    this.#idle = undefined;
  }

  async removeAll(): Promise<void> {
    const all = [...this.#kept];
    this.forget();
    for (const [directory, { spare }] of all) if (spare !== undefined) await this.#remove(directory, spare);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.removeAll();
  }

  #dropIdle(): void {
    for (const [directory, kept] of [...this.#kept]) {
      if (!kept.wasUsed || this.#kept.size > maxKept) {
        this.#kept.delete(directory);
        if (kept.spare !== undefined) void this.#remove(directory, kept.spare);
      }
      kept.wasUsed = false;
    }
    if (this.#kept.size === 0) this.forget();
  }

  /** In a thread: its pages are given back. */
  async #remove(directory: string, { name }: SpareFile): Promise<void> {
    let held: HeldDirectory | undefined;
    try {
      held = this.#tree.tryHold(directory);
      if (held !== undefined) await this.#tree.calls.unlink(held.at(name));
    } catch (error) {
      if (!meansAbsent(error)) this.#tree.log.warn('a file that was replaced was left behind', { directory, error });
    } finally {
      held?.close();
    }
  }
}

/** False once somebody wrote into it, or gave it a second name to keep it. */
function isAsItWas(now: Stats, then: Stats): boolean {
  return sameLabel(now, then) && now.nlink === 1;
}
