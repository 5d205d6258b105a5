// The versions that the journal tells of, as a tree: a record written before a crash, or beside another holder of the lock, leaves a
// branch. Tells which versions really were, and what was acknowledged on top of them.
import type { VersionLabel } from '../../storage/object-store.ts';
import { type Delta, isEmptyDelta, noDelta } from '../index/entry-key.ts';
import type { Branch, FileVersion, Past } from './base-inference.ts';
import type { JournalRecord, Span } from './journal-record.ts';

/** What a version changed: megabytes for an hour of pushes, and needed only when another program wrote. */
interface Changes {
  readonly delta: Delta;
  readonly owed: Delta;
}

export interface KnownVersion {
  readonly author: JournalRecord['author'];
  readonly label: VersionLabel | undefined;
  readonly atMs: number;
  /** Undefined for a root, and where what came before is no longer kept in memory. */
  parent: KnownVersion | undefined;
  /** How many versions lead to it. */
  readonly depth: number;
  readonly isOwing: boolean;
  changes: Changes | undefined;
  /** Where the entries of its root stand in the journal; undefined when that is not known. */
  readonly entries: Span | undefined;
  /** Where its record ends in the journal. */
  readonly end: number;
}

/** A past whose first state is still in the journal. */
export type KnownPast = Omit<Past, 'start' | 'versions'> & {
  readonly versions: readonly (FileVersion & Pick<KnownVersion, 'author' | 'end'>)[];
  readonly entries: Span;
};

interface Standing {
  /** The newest version that really was, as far as one can know. */
  readonly tip: KnownVersion;
  /** True when the file shows exactly that one. */
  readonly isShown: boolean;
}

export class VersionTree {
  /** The last version that this process made visible. */
  published: VersionLabel | undefined;
  /** Recorded by this process and not known to be published: an update that is under way, ran again or failed. */
  announced: VersionLabel | undefined;
  readonly #versions = new Map<VersionLabel | undefined, KnownVersion>();
  readonly #voids = new Set<VersionLabel>();
  #order: KnownVersion[] = [];

  get size(): number {
    return this.#order.length;
  }

  /** All that are kept, in the order of the journal. */
  get versions(): readonly KnownVersion[] {
    return this.#order;
  }

  /** `entries` are those of a snapshot; `end` is where the record ends. The first of a piece of the journal needs no parent. */
  add(
    record: JournalRecord,
    { entries, end, keepsChanges }: { entries: Span | undefined; end: number; keepsChanges: boolean },
    isFirstOfPiece: boolean,
  ): void {
    for (const label of record.voids) this.#voids.add(label);
    const { author, label, atMs, delta, owed } = record;
    const isRoot = author === 'snapshot';
    const parent = isRoot ? undefined : this.#versions.get(record.base);
    // A version made from one that nobody recorded cannot be placed: the file is judged when it shows it.
    if (!isRoot && parent === undefined && !(isFirstOfPiece && this.#order.length === 0)) return;
    const version: KnownVersion = {
      ...{ author, label, atMs, parent, end },
      depth: parent === undefined ? 0 : parent.depth + 1,
      entries: isRoot ? entries : parent?.entries,
      isOwing: !isEmptyDelta(owed),
      changes: keepsChanges ? { delta, owed } : undefined,
    };
    this.#versions.set(label, version);
    if (isRoot) this.#order = [];
    this.#order.push(version);
  }

  knows(label: VersionLabel | undefined): boolean {
    return this.#versions.has(label);
  }

  /** True when the file shows what was acknowledged; false also for a version that is not kept in memory. */
  shows(label: VersionLabel | undefined): boolean {
    const standing = this.#standing(label);
    if (standing?.isShown !== true) return false;
    return !standing.tip.isOwing && this.#branchesBeside(standing.tip).length === 0;
  }

  /** Of a tree that holds the whole journal, changes included. */
  recall(label: VersionLabel | undefined): KnownPast | undefined {
    const tip = this.#standing(label)?.tip;
    if (tip?.entries === undefined) return undefined;
    const versions = pathTo(tip).map(({ author, label: each, atMs, end, changes }) => ({
      ...{ author, label: each, atMs, end, ...deltaOf(changes) },
    }));
    const branches = this.#branchesBeside(tip).map(
      ({ parent, changes }): Branch => ({ base: sharedDepth(parent, tip), delta: deltaOf(changes) }),
    );
    return { versions, owed: tip.changes?.owed ?? noDelta, branches, entries: tip.entries };
  }

  /** Forgets all but the newest `most` versions, and what they changed. */
  lighten(most: number): void {
    this.#order = this.#order.slice(-most);
    const kept = new Set(this.#order);
    for (const [label, version] of this.#versions) if (!kept.has(version)) this.#versions.delete(label);
    for (const label of this.#voids) if (!this.#versions.has(label)) this.#voids.delete(label);
    for (const version of kept) {
      version.changes = undefined;
      if (version.parent !== undefined && !kept.has(version.parent)) version.parent = undefined;
    }
  }

  #newest(): KnownVersion | undefined {
    return this.#order.findLast(
      ({ label }) => label === undefined || (!this.#voids.has(label) && label !== this.announced),
    );
  }

  #standing(label: VersionLabel | undefined): Standing | undefined {
    if (label !== undefined && label === this.announced) {
      this.published = label;
      this.announced = undefined;
    }
    const newest = this.#newest();
    if (newest === undefined) return undefined;
    const shown = this.#versions.get(label);
    if (shown === undefined) return { tip: newest, isShown: false };
    if (shown === newest) return { tip: newest, isShown: true };
    // Announced on top of what the file shows, or of what that was made from, and built upon by nobody: a crash, an update that
    // ran again, or a rename yet to come. Only its own process knows better.
    const isOpen = newest.author !== 'foreign' && newest.label !== this.published && newest.parent !== undefined;
    if (isOpen && leadsTo(newest.parent, shown)) return { tip: shown, isShown: true };
    // Two holders of the lock: the file shows the other one, and ours is beside it.
    if (newest.label === this.published && newest.parent !== shown && leadsTo(newest.parent, shown)) {
      return { tip: shown, isShown: true };
    }
    // An older file was put back.
    return { tip: newest, isShown: false };
  }

  /** What this process made visible and the tip does not build upon. */
  #branchesBeside(tip: KnownVersion): readonly KnownVersion[] {
    const ours = this.published === undefined ? undefined : this.#versions.get(this.published);
    const branches: KnownVersion[] = [];
    for (let version = ours; version !== undefined && !leadsTo(version, tip); version = version.parent) {
      branches.unshift(version);
    }
    return branches;
  }
}

function deltaOf(changes: Changes | undefined): Delta {
  return changes?.delta ?? noDelta;
}

/** True when `later` is `version` or was made from it. */
function leadsTo(version: KnownVersion | undefined, later: KnownVersion): boolean {
  let at: KnownVersion | undefined = later;
  while (version !== undefined && at !== undefined && at.depth > version.depth) at = at.parent;
  return at === version;
}

function sharedDepth(version: KnownVersion | undefined, tip: KnownVersion): number {
  let at = version;
  while (at !== undefined && !leadsTo(at, tip)) at = at.parent;
  return at?.depth ?? 0;
}

function pathTo(tip: KnownVersion): readonly KnownVersion[] {
  const path: KnownVersion[] = [];
  for (let at: KnownVersion | undefined = tip; at !== undefined; at = at.parent) path.push(at);
  return path.reverse();
}
