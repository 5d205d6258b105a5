// What a tag leaves behind when another program moved it: the same entry without its name.
import { annotationKeys, createdAt } from '../oci/annotations.ts';
import { annotated, parseIndexEntry } from './index-entry.ts';
import { type IndexedEntry, indexedEntryOf } from './indexed-entry.ts';

/** It gets a creation time if it has none: an entry without one may be read as an unnamed `latest` (INTEROP.md, Duplicates). */
export function untagged({ line }: IndexedEntry, atMs: number): IndexedEntry {
  const entry = parseIndexEntry(line);
  const { refName, created } = annotationKeys;
  return indexedEntryOf(annotated(entry, { [refName]: undefined, [created]: entry.createdAt ?? createdAt(atMs) }));
}
