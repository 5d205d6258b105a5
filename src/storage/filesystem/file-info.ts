// What a file's attributes say in the words of the seam. The strings are built when they are asked for: a stat is made for every request.
import type { Stats } from 'node:fs';
import type { ObjectInfo, Version, VersionLabel } from '../object-store.ts';
import { versionLabel } from '../version-label.ts';

/** Clocks of file systems tick every 1 to 10 ms (a jiffy): an edit in the same tick as the last leaves the time as it is. */
const settleMs = 100;
/** FAT keeps even seconds, others whole ones. */
const wholeSecondSettleMs = 2_100;

export class FileInfo implements ObjectInfo {
  readonly stats: Stats;
  readonly #seenAtMs: number;
  readonly #isPublished: (label: VersionLabel) => boolean;

  constructor(stats: Stats, seenAtMs: number, isPublished: (label: VersionLabel) => boolean) {
    this.stats = stats;
    this.#seenAtMs = seenAtMs;
    this.#isPublished = isPublished;
  }

  get size(): number {
    return this.stats.size;
  }

  get version(): Version {
    return versionOf(this.stats);
  }

  get label(): VersionLabel {
    return labelOf(this.stats);
  }

  get modifiedAtMs(): number {
    return this.stats.mtimeMs;
  }

  get changedAtMs(): number {
    return this.stats.ctimeMs;
  }

  get hardLinks(): number {
    return this.stats.nlink;
  }

  /** Ours are settled from the start: their mtime has a random part that no clock's tick repeats. */
  get settled(): boolean {
    const { mtimeMs } = this.stats;
    return Math.abs(this.#seenAtMs - mtimeMs) >= settleMsOf(mtimeMs) || this.#isPublished(this.label);
  }
}

/** How old a time stamp must be, in milliseconds, for a second change to have moved it on. */
export function settleMsOf(mtimeMs: number): number {
  return mtimeMs % 1_000 === 0 ? wholeSecondSettleMs : settleMs;
}

export function labelOf(stats: Stats): VersionLabel {
  return versionLabel(`${stats.dev}-${stats.ino}`, `${stats.size}-${stats.mtimeMs}`);
}

function versionOf(stats: Stats): Version {
  return `${stats.dev}-${stats.ino}-${stats.size}-${stats.mtimeMs}-${stats.ctimeMs}` as Version;
}

export function sameLabel(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.size === other.size && one.mtimeMs === other.mtimeMs && one.dev === other.dev;
}

export function sameVersion(one: Stats, other: Stats): boolean {
  return sameLabel(one, other) && one.ctimeMs === other.ctimeMs;
}
