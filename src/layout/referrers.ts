// Who refers to a digest: the union of what every tool's convention says, each candidate verified against the manifest's own
// `subject` (INTEROP §4.6), and the response that regclient and olareg look for.
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, digestOf } from '../oci/digest.ts';
import { isImageIndexType, mediaTypes } from '../oci/media-type.ts';
import { isReferrersTag, referrersTagOf } from '../oci/referrers-tag.ts';
import type { IndexEntry } from './index-entry.ts';
import type { ManifestFacts } from './manifest-facts.ts';
import type { ManifestReader } from './manifest-reader.ts';

/** What both a snapshot and a draft can be asked. */
export interface ReferrerSources {
  named(name: string): readonly IndexEntry[];
  responsesFor(subject: Digest): readonly IndexEntry[];
  /** Manifests that are being deleted: their files are still there, and they refer to nothing any more. */
  readonly withdrawn: ReadonlySet<Digest>;
  /** Entries that may be referrers of anything: all of them. */
  entries: Iterable<IndexEntry>;
}

/** Descriptors of the referrers of `subject`, in the order of their digests. Unknown facts are left out: learn them first. */
export async function referrersOf(
  subject: Digest,
  sources: ReferrerSources,
  reader: ManifestReader,
): Promise<readonly Descriptor[]> {
  const found = new Map<Digest, Descriptor>();
  for (const entry of sources.entries) {
    const facts = entry.facts ?? (entry.subject === subject ? await reader.factsOfEntry(entry) : undefined);
    addIfReferrer(found, subject, facts);
  }
  for (const response of responses(subject, sources)) {
    const facts = await reader.factsOfEntry(response);
    for (const child of facts === 'none' ? [] : facts.children) {
      if (found.has(child.digest) || sources.withdrawn.has(child.digest)) continue;
      addIfReferrer(found, subject, await reader.factsOfChild(child.digest, child.mediaType));
    }
  }
  return [...found.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

function addIfReferrer(
  found: Map<Digest, Descriptor>,
  subject: Digest,
  facts: ManifestFacts | 'none' | undefined,
): void {
  if (facts === undefined || facts === 'none' || facts.subject !== subject) return;
  found.set(facts.descriptor.digest, facts.descriptor);
}

function responses(subject: Digest, sources: ReferrerSources): readonly IndexEntry[] {
  return [...sources.named(referrersTagOf(subject)), ...sources.responsesFor(subject)].filter(isIndexEntry);
}

function isIndexEntry(entry: IndexEntry): boolean {
  return entry.mediaType !== undefined && isImageIndexType(entry.mediaType);
}

/** Exactly what the referrers API answers, with no annotation of its own: olareg's check accepts it as it is. */
export function responseOf(manifests: readonly Descriptor[]): { descriptor: Descriptor; bytes: Buffer } {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests }));
  return { descriptor: { mediaType: mediaTypes.imageIndex, digest: digestOf(bytes), size: bytes.byteLength }, bytes };
}

/**
 * True for an entry that only serves clients without the referrers API: an index under a referrers tag that is empty or
 * lists at least one manifest of that subject. Anything else under such a name is an ordinary tag (INTEROP §4.2).
 */
export async function isResponseEntry(entry: IndexEntry, reader: ManifestReader): Promise<boolean> {
  if (entry.refName === undefined || !isReferrersTag(entry.refName) || !isIndexEntry(entry)) return false;
  const facts = await reader.factsOfEntry(entry);
  if (facts === 'none') return false;
  if (facts.children.length === 0) return true;
  for (const child of facts.children) {
    const of = await reader.factsOfChild(child.digest, child.mediaType);
    if (of !== 'none' && of.subject !== undefined && referrersTagOf(of.subject) === entry.refName) return true;
  }
  return false;
}
