// What the journal still knows and index.json does not list any more: entries that another program took away. That was honoured as an
// edit; where it was none (two writers that tore the file between two of our checks, old tags among them), this brings it back.

import { digestOfKey, type EntryKey, type IndexedEntry, isNamed, nameOfKey } from '../index/entry-key.ts';
import { untagged } from '../index/untagged-entry.ts';
import type { FileVersion, Past, State } from './base-inference.ts';
import type { VersionAuthor } from './journal-record.ts';

/** A version of index.json, and who wrote it. */
export interface RecalledVersion extends FileVersion {
  readonly author: VersionAuthor;
}

export interface RecalledPast extends Past {
  readonly versions: readonly RecalledVersion[];
}

export interface Remains {
  /** As it would be listed again: without its name where another entry has that by now. */
  readonly entry: IndexedEntry;
  readonly takenAtMs: number;
}

/** `start` is what the first version listed, `present` what is listed now. Ours to take away is what we did; theirs is all the rest. */
export function remainsOf(start: State, versions: readonly RecalledVersion[], present: State): readonly Remains[] {
  const listed = new Map(start);
  const taken = new Map<EntryKey, Remains>();
  for (const [at, { author, atMs, added, removed }] of versions.entries()) {
    if (at === 0) continue;
    for (const key of removed) {
      const entry = listed.get(key);
      listed.delete(key);
      if (author === 'foreign' && entry !== undefined) taken.set(key, { entry, takenAtMs: atMs });
      else taken.delete(key);
    }
    for (const entry of added) {
      listed.set(entry.key, entry);
      taken.delete(entry.key);
    }
  }
  return missingFrom(present, [...taken.values()]);
}

function missingFrom(present: State, taken: readonly Remains[]): readonly Remains[] {
  const names = new Set(Array.from(present.keys(), nameOfKey));
  const digests = new Set(Array.from(present.keys(), digestOfKey));
  return taken.flatMap((remains) => {
    const { entry, takenAtMs } = remains;
    const isNameFree = isNamed(entry.key) && !names.has(nameOfKey(entry.key));
    if (isNameFree) return [remains];
    return digests.has(entry.digest)
      ? []
      : [{ takenAtMs, entry: isNamed(entry.key) ? untagged(entry, takenAtMs) : entry }];
  });
}
