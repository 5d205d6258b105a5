// What a name leaves behind when it moves: the same entry without it.
import { annotationKeys, createdAt } from '../../oci/annotations.ts';
import { type IndexedEntry, indexedEntryOf } from './entry-key.ts';
import { annotated, type IndexEntry, parseIndexEntry } from './index-entry.ts';

/** It gets a creation time if it has none: an entry without one may be read as an unnamed `latest` (docs/layouts.md#an-image-without-a-name). */
export function untaggedEntry(entry: IndexEntry, atMs: number): IndexEntry {
  const { refName, imageName, created } = annotationKeys;
  return annotated(entry, {
    [refName]: undefined,
    [imageName]: undefined,
    [created]: entry.createdAt ?? createdAt(atMs),
  });
}

/** The same as the healing rules see it. */
export function untagged({ line }: IndexedEntry, atMs: number): IndexedEntry {
  return indexedEntryOf(untaggedEntry(parseIndexEntry(line), atMs));
}
