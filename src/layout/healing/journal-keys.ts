// Keys of entries in journals that were begun before image names were part of them: brought to their present form when the past is
// recalled, or a layout of docker save would look as if each of its entries had been taken away and put back under another name.
import { annotationKeys } from '../../oci/annotations.ts';
import { type Delta, type EntryKey, entryKeyOf, type IndexedEntry, identityOf } from '../index/entry-key.ts';
import { parseIndexEntry } from '../index/index-entry.ts';
import { eachInSteps, type SteppedWork } from '../pacing/steps.ts';
import type { Past } from './base-inference.ts';
import type { RecalledPast } from './journal-remains.ts';

type Renamed = ReadonlyMap<EntryKey, EntryKey>;

export function* withPresentKeys(past: RecalledPast): SteppedWork<RecalledPast> {
  const renamed = yield* renamedIn(past);
  if (renamed.size === 0) return past;
  const start = Array.from(past.start.values(), (entry) => renamedEntry(entry, renamed));
  return {
    start: new Map(start.map((entry) => [entry.key, entry])),
    versions: past.versions.map((version) => ({ ...version, ...renamedDelta(version, renamed) })),
    owed: renamedDelta(past.owed, renamed),
    branches: past.branches.map(({ base, delta }) => ({ base, delta: renamedDelta(delta, renamed) })),
  };
}

/** By the key of old; without those that an entry has that really carries no image name. */
function* renamedIn({ start, versions, owed, branches }: Past): SteppedWork<Renamed> {
  const renamed = new Map<EntryKey, EntryKey>();
  const genuine = new Set<EntryKey>();
  const deltas = [...versions, owed, ...branches.map(({ delta }) => delta)];
  const note = ({ key, line }: IndexedEntry) => {
    const { imageName, baseName } = annotationKeys;
    const mayBeNamed = line.includes(imageName) || line.includes(baseName);
    const present = mayBeNamed ? parseIndexEntry(line).key : key;
    if (identityOf(present).imageName === undefined) {
      genuine.add(key);
      return;
    }
    const old = entryKeyOf({ ...identityOf(present), imageName: undefined });
    if (old !== present) renamed.set(old, present);
  };
  yield* eachInSteps(start.values(), note);
  for (const { added } of deltas) yield* eachInSteps(added, note);
  for (const key of renamed.size === 0 ? [] : genuine) renamed.delete(key);
  return renamed;
}

function renamedEntry(entry: IndexedEntry, renamed: Renamed): IndexedEntry {
  // The line decides: two images of one digest and tag had one key.
  return renamed.has(entry.key) ? { ...entry, key: parseIndexEntry(entry.line).key } : entry;
}

function renamedDelta({ added, removed }: Delta, renamed: Renamed): Delta {
  return {
    added: added.map((entry) => renamedEntry(entry, renamed)),
    removed: removed.map((key) => renamed.get(key) ?? key),
  };
}
