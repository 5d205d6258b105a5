// Whether a file is what two writers left that met while they wrote in place: valid JSON, and yet a mixture. No sign alone says so:
// tools move tags, list an image twice and remove untagged entries. What no command does is to take many tagged entries away.
import { isDigest } from '../../oci/digest.ts';
import { type Delta, type EntryKey, type IndexedEntry, isNamed, nameOfKey } from '../index/entry-key.ts';
import { digestsOf, type Reprint, type State } from './base-inference.ts';
import { healPolicy } from './heal-policy.ts';

/** What a file adds to and removes from the version that explains it best. */
export interface ExplainedEdit {
  readonly edit: Delta;
  readonly base: State;
  /** The base is not the newest version: one command read it and wrote this. From the newest one, several deletes may have come between two looks. */
  readonly isStale: boolean;
  /** Names that the file lists. */
  readonly names: ReadonlySet<string | undefined>;
  /** True for what came within the window, for which the file is checked every few seconds. */
  readonly isYoung: (key: EntryKey) => boolean;
  /** True for an entry that some version of the window listed. */
  readonly isKnown: (key: EntryKey) => boolean;
  /** True for an entry that came after the base: whoever wrote it had seen a newer version, whatever else the file lacks. */
  readonly isFromLater: (key: EntryKey) => boolean;
  /** True for an entry that is wanted without this file. */
  readonly isWanted: (key: EntryKey) => boolean;
  /** True when the file says something else of content that is known than it is. */
  readonly isAltered: boolean;
  /** True when the file lacks something that the newest version listed, whether the edit or an old copy explains it. */
  readonly lacksAny: () => boolean;
}

/**
 * A delete by digest takes all names of one manifest, one by name takes one. No command deletes while it adds, or moves one tag while it
 * sets another to another digest; and only a person's script deletes several manifests. An entry without a digest is half of one.
 * So a delete and a copy within the seconds between two checks are taken for damage, too: a delete can be repeated, what is lost not.
 */
export function isTorn(explained: ExplainedEdit): boolean {
  const { edit, names, isStale, isYoung, isKnown, isAltered, lacksAny } = explained;
  if (isAltered || edit.added.some(({ digest }) => isMalformed(digest))) return true;
  if (edit.added.some(({ digest }) => digest === '') && lacksAny()) return true;
  const deleted = edit.removed.filter((key) => isNamed(key) && !names.has(nameOfKey(key)) && isYoung(key));
  const added = edit.added.filter(({ key }) => isNamed(key) && !isKnown(key));
  if (deleted.length > 0 && (added.length > 0 || bringsContent(explained))) return true;
  if (isStale && mixesVersions(explained, deleted.length > 0)) return true;
  if (isStale && new Set(added.map(digestOf)).size > 1 && movesWithin(explained.base, added)) return true;
  const manifests = new Set(deleted.map((key) => key.split('\n', 1)[0]));
  return manifests.size > (isStale ? 1 : healPolicy.deletedAtOnceLimit);
}

/** Half of a digest beside half of another: one such entry makes other tools refuse the whole layout. */
function isMalformed(digest: string): boolean {
  return /^sha(?:256|512):/.test(digest) && !isDigest(digest);
}

/**
 * Known entries of which the file says another type or size: neither ever changes for a digest, so that the seam of two copies goes
 * through the entry. Tools print entries in their own form, and leave out what they do not know: that is no such thing.
 */
export function alteredAmong(reprinted: readonly Reprint[]): readonly EntryKey[] {
  return reprinted.filter(({ known, line }) => isAnother(known, line)).map(({ known }) => known.key);
}

interface Fields {
  readonly mediaType?: unknown;
  readonly size?: unknown;
}

/** Known entries are compared with every file that another tool prints, thousands of them: read once. */
const fieldsOfKnown = new WeakMap<IndexedEntry, Fields>();

function isAnother(known: IndexedEntry, line: string): boolean {
  const fields = fieldsOfKnown.get(known) ?? fieldsOf(known.line);
  fieldsOfKnown.set(known, fields);
  const { mediaType, size } = fields;
  // Both stand there as every tool prints them: the usual case costs no parse.
  if (line.includes(`"${mediaType}"`) && line.includes(`"size":${size},`)) return false;
  const written = fieldsOf(line);
  return mediaType !== written.mediaType || size !== written.size;
}

function fieldsOf(line: string): Fields {
  const json: unknown = JSON.parse(line);
  return typeof json === 'object' && json !== null ? json : {};
}

/** An untagged entry of content that the base did not list: an attached referrer, and not what a tag left behind. */
function bringsContent({ edit, base, isKnown }: ExplainedEdit): boolean {
  const unnamed = edit.added.filter(({ key }) => !isNamed(key) && !isKnown(key));
  if (unnamed.length === 0) return false;
  const digests = digestsOf(base);
  return unnamed.some(({ digest }) => !digests.has(digest));
}

/** Entries of a newer version stand in a file that lacks what the same version listed, or that we deleted since. */
function mixesVersions({ edit, isFromLater, isWanted }: ExplainedEdit, lacksBase: boolean): boolean {
  return edit.added.some(({ key }) => isNamed(key) && isFromLater(key) && (lacksBase || !isWanted(key)));
}

const digestOf = ({ digest }: IndexedEntry) => digest;

/** A name of the base stands on another digest of the base. */
function movesWithin(base: State, added: readonly IndexedEntry[]): boolean {
  const [digests, names] = [digestsOf(base), new Set(Array.from(base.keys(), nameOfKey))];
  return added.some(({ key, digest }) => digests.has(digest) && names.has(nameOfKey(key)));
}

/**
 * What a torn file may be believed: entries that nobody knew, under names that nothing has. A name that stands on another digest may
 * be one entry's name beside another's digest: ours keeps the name, and the digest stays listed without it if it is new. `known` are
 * the digests of all versions: what was deleted comes in old copies, and stays deleted.
 */
export function believedOf(
  { edit, isKnown }: Pick<ExplainedEdit, 'edit' | 'isKnown'>,
  wanted: State,
  known: ReadonlySet<string>,
  untag: (entry: IndexedEntry) => IndexedEntry,
): Delta {
  const held = new Set(Array.from(wanted.keys(), nameOfKey));
  const digests = digestsOf(wanted);
  const added = edit.added.flatMap((entry) => {
    const { key, digest } = entry;
    const wasDeleted = known.has(digest) && !digests.has(digest);
    if (digest === '' || isMalformed(digest) || wasDeleted || isKnown(key)) return [];
    if (!isNamed(key) || !held.has(nameOfKey(key))) return [entry];
    return known.has(digest) ? [] : [untag(entry)];
  });
  return { added, removed: [] };
}
