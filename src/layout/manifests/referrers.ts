// Who refers to a digest: the union of what every tool's convention says, each candidate verified against the manifest's own
// `subject`.
import type { Digest } from '../../oci/digest.ts';
import type { KeptFacts, KnownFacts, Referrer } from '../../oci/manifest-facts.ts';
import { isImageIndexType } from '../../oci/media-type.ts';
import type { Tag } from '../../oci/reference.ts';
import { referrersTagOf } from '../../oci/referrers-tag.ts';
import { tagOf } from '../index/entry-name.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import { Pace } from '../pacing/pace.ts';
import { type SortOrder, sortedInSteps } from '../pacing/sorting.ts';
import { eachInSteps, paced, type SteppedWork } from '../pacing/steps.ts';
import type { ManifestReader } from './manifest-reader.ts';

/** What both a snapshot and a draft can be asked. */
export interface ReferrerSources {
  tagged(tag: Tag): readonly IndexEntry[];
  readonly fullNames: readonly IndexEntry[];
  responsesFor(subject: Digest): readonly IndexEntry[];
  /** Manifests that are being deleted: their files are still there, and they refer to nothing any more. */
  readonly withdrawn: ReadonlySet<Digest>;
}

/** Entries by what they refer to, from one walk over all of them. What nobody has learnt about an entry is left out. */
export function* entriesBySubject(
  entries: Iterable<IndexEntry>,
): SteppedWork<ReadonlyMap<Digest, readonly IndexEntry[]>> {
  const found = new Map<Digest, IndexEntry[]>();
  yield* eachInSteps(entries, (entry) => {
    // An annotation is a hint; the manifest itself decides as soon as it is known.
    const subject = entry.facts === undefined || entry.facts === 'none' ? entry.subject : entry.facts.subject;
    if (subject === undefined) return;
    const group = found.get(subject);
    if (group === undefined) found.set(subject, [entry]);
    else group.push(entry);
  });
  return found;
}

/** False when nothing in the layout says that it refers to the subject, or could list what does. */
export function mayHaveReferrers(subject: Digest, entries: readonly IndexEntry[], sources: ReferrerSources): boolean {
  return entries.length > 0 || responses(subject, sources).length > 0;
}

/** The referrers of `subject` among `entries` and what responses list, in the order of their digests. */
export async function referrersOf(
  subject: Digest,
  entries: readonly IndexEntry[],
  sources: ReferrerSources,
  reader: ManifestReader,
): Promise<readonly Referrer[]> {
  const found = new Map<Digest, Referrer>();
  const pace = new Pace();
  for (const entry of entries) {
    if (entry.facts === undefined) await reader.factsOfEntry(entry);
    await pace.step();
    addIfReferrer(found, subject, entry.facts ?? 'none');
  }
  for (const response of responses(subject, sources)) {
    const facts = await reader.factsOfEntry(response);
    for (const child of facts === 'none' ? [] : facts.children) {
      if (found.has(child.digest) || sources.withdrawn.has(child.digest)) continue;
      addIfReferrer(found, subject, await reader.factsOfChild(child.digest, child.mediaType));
      await pace.step();
    }
  }
  return paced(sortedInSteps(found.values(), byDigest));
}

/** With what a scan found; what entries and responses say comes first. */
export async function addRawReferrers(
  listed: readonly Referrer[],
  unreferenced: readonly { readonly digest: Digest; readonly facts: KeptFacts }[],
): Promise<readonly Referrer[]> {
  if (unreferenced.length === 0) return listed;
  const known = new Set(listed.map(({ descriptor }) => descriptor.digest));
  const added = unreferenced.filter(({ digest }) => !known.has(digest)).map(({ facts }) => facts);
  return added.length === 0 ? listed : paced(sortedInSteps([...listed, ...added], byDigest));
}

const byDigest: SortOrder<Referrer> = {
  sort: (run) => run.sort((one, other) => (one.descriptor.digest < other.descriptor.digest ? -1 : 1)),
  isBefore: (one, other) => one.descriptor.digest < other.descriptor.digest,
};

/** Keeps no more of it than of the manifest of an entry: a subject may have any number of them. */
function addIfReferrer(found: Map<Digest, Referrer>, subject: Digest, facts: KeptFacts | KnownFacts): void {
  if (facts === 'none' || facts.subject !== subject) return;
  const { descriptor, withheldBytes } = facts;
  found.set(descriptor.digest, { descriptor, withheldBytes });
}

function responses(subject: Digest, sources: ReferrerSources): readonly IndexEntry[] {
  const tag = referrersTagOf(subject);
  const named = sources.fullNames.filter(({ name }) => tagOf(name) === tag);
  return [...sources.tagged(tag), ...named, ...sources.responsesFor(subject)].filter(isIndexEntry);
}

function isIndexEntry(entry: IndexEntry): boolean {
  return entry.mediaType !== undefined && isImageIndexType(entry.mediaType);
}

/**
 * What an entry under a referrers tag is. A response only serves clients without the referrers API: an index that is empty or
 * lists at least one manifest of that subject. Anything else under such a name is an ordinary tag (docs/layouts.md#the-referrers-tag). Nothing can
 * be said when its file, or all that it lists, is not there.
 */
export async function useOfReferrersTag(
  entry: IndexEntry,
  reader: ManifestReader,
): Promise<'response' | 'ordinary' | 'unknown'> {
  if (!isIndexEntry(entry)) return 'ordinary';
  const facts = await reader.factsOfEntry(entry);
  if (facts === 'none') return 'unknown';
  const pace = new Pace();
  let use: 'response' | 'ordinary' | 'unknown' = facts.children.length === 0 ? 'response' : 'unknown';
  for (const child of facts.children) {
    const of = await reader.factsOfChild(child.digest, child.mediaType);
    await pace.step();
    if (of === 'none') continue;
    if (of.subject !== undefined && referrersTagOf(of.subject) === tagOf(entry.name)) return 'response';
    use = 'ordinary';
  }
  return use;
}
