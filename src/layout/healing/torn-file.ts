// Whether a file is what two writers left that met while they wrote in place: valid JSON, and yet a mixture. No sign alone says so:
// tools move tags, list an image twice and remove untagged entries. What no command does is to take many tagged entries away.
import { isDigest } from '../../oci/digest.ts';
import { type Delta, type EntryKey, type IndexedEntry, isNamed, nameOfKey } from '../index/entry-key.ts';
import { eachInSteps, type SteppedWork } from '../pacing/steps.ts';
import { digestsOf, namesOf, type Reprint, type State } from './base-inference.ts';
import { healPolicy } from './heal-policy.ts';

/** What a file adds to and removes from the version that explains it best. */
export interface ExplainedEdit {
  readonly edit: Delta;
  readonly base: State;
  /** The base is not the newest version: one command read it and wrote this. From the newest one, several deletes may have come between two looks. */
  readonly isStale: boolean;
  /** Names that the file lists. */
  readonly names: { has(name: string): boolean };
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
  readonly lacksAny: () => SteppedWork<boolean>;
}

/**
 * A delete by digest takes all names of one manifest, one by name takes one. No command deletes while it adds, or moves one tag while it
 * sets another to another digest; and only a person's script deletes several manifests. An entry without a digest is half of one.
 * So a delete and a copy within the seconds between two checks are taken for damage, too: a delete can be repeated, what is lost not.
 */
export function* isTorn(explained: ExplainedEdit): SteppedWork<boolean> {
  const { edit, names, isStale, isYoung, isKnown, isAltered, lacksAny } = explained;
  if (isAltered || edit.added.some(({ digest }) => isMalformed(digest))) return true;
  if (edit.added.some(({ digest }) => digest === '') && (yield* lacksAny())) return true;
  const deleted: EntryKey[] = [];
  yield* eachInSteps(edit.removed, (key) => {
    const name = nameOfKey(key);
    if (name !== undefined && !names.has(name) && isYoung(key)) deleted.push(key);
  });
  const added: IndexedEntry[] = [];
  yield* eachInSteps(edit.added, (entry) => {
    if (isNamed(entry.key) && !isKnown(entry.key)) added.push(entry);
  });
  if (deleted.length > 0 && (added.length > 0 || (yield* bringsContent(explained)))) return true;
  if (isStale && mixesVersions(explained, deleted.length > 0)) return true;
  if (isStale && new Set(added.map(digestOf)).size > 1 && (yield* movesWithin(explained.base, added))) return true;
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
export function* alteredAmong(reprinted: readonly Reprint[]): SteppedWork<readonly EntryKey[]> {
  const altered: EntryKey[] = [];
  yield* eachInSteps(reprinted, ({ known, line }) => {
    if (isAnother(known, line)) altered.push(known.key);
  });
  return altered;
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
function* bringsContent({ edit, base, isKnown }: ExplainedEdit): SteppedWork<boolean> {
  const unnamed = edit.added.filter(({ key }) => !isNamed(key) && !isKnown(key));
  if (unnamed.length === 0) return false;
  const digests = yield* digestsOf(base);
  return unnamed.some(({ digest }) => !digests.has(digest));
}

/** Entries of a newer version stand in a file that lacks what the same version listed, or that we deleted since. */
function mixesVersions({ edit, isFromLater, isWanted }: ExplainedEdit, lacksBase: boolean): boolean {
  return edit.added.some(({ key }) => isNamed(key) && isFromLater(key) && (lacksBase || !isWanted(key)));
}

const digestOf = ({ digest }: IndexedEntry) => digest;

/** A name of the base stands on another digest of the base. */
function* movesWithin(base: State, added: readonly IndexedEntry[]): SteppedWork<boolean> {
  const [digests, names] = [yield* digestsOf(base), yield* namesOf(base.keys())];
  return added.some(({ key, digest }) => digests.has(digest) && names.has(nameOfKey(key) ?? ''));
}

/**
 * What a torn file may be believed: entries that nobody knew, under names that nothing has. A name that stands on another digest may
 * be one entry's name beside another's digest: ours keeps the name, and the digest stays listed without it if it is new. `known` are
 * the digests of all versions: what was deleted comes in old copies, and stays deleted.
 */
export function* believedOf(
  { edit, isKnown }: Pick<ExplainedEdit, 'edit' | 'isKnown'>,
  wanted: State,
  known: ReadonlySet<string>,
  untag: (entry: IndexedEntry) => IndexedEntry,
): SteppedWork<Delta> {
  const held = yield* namesOf(wanted.keys());
  const digests = yield* digestsOf(wanted);
  const added: IndexedEntry[] = [];
  yield* eachInSteps(edit.added, (entry) => {
    const { key, digest } = entry;
    const wasDeleted = known.has(digest) && !digests.has(digest);
    if (digest === '' || isMalformed(digest) || wasDeleted || isKnown(key)) return;
    const name = nameOfKey(key);
    if (name === undefined || !held.has(name)) added.push(entry);
    else if (!known.has(digest)) added.push(untag(entry));
  });
  return { added, removed: [] };
}
