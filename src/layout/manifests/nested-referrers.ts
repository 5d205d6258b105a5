// Manifests with a subject that only an index lists: BuildKit's attestations as artifacts, and what `ctr images import --index-name` keeps.
// An entry lists the index, so they are reachable (INTEROP §4.6).
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { type KeptFacts, keptOf } from '../../oci/manifest-facts.ts';
import { isImageIndexType } from '../../oci/media-type.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import { Pace } from '../pacing/pace.ts';
import type { ManifestReader } from './manifest-reader.ts';
import type { RawManifest } from './raw-manifests.ts';

/** A layout from a stranger may list the same children in every index: beyond this many manifests nothing is looked for. */
const maxManifests = 100_000;

interface Below {
  readonly referrers: readonly RawManifest[];
  /** What it took of the bound. */
  readonly looked: number;
}

export class NestedReferrers {
  readonly #manifests: ManifestReader;
  /** By what is kept of an index: what lies below it never changes, so each is looked through once. */
  readonly #known = new WeakMap<KeptFacts, readonly RawManifest[]>();

  constructor(manifests: ManifestReader) {
    this.#manifests = manifests;
  }

  /** By subject; without what an entry lists, too, and what is being deleted. */
  async bySubject(index: LayoutIndex): Promise<ReadonlyMap<Digest, readonly RawManifest[]>> {
    const found = new Map<Digest, RawManifest[]>();
    const seen = new Set<Digest>();
    const pace = new Pace();
    let left = maxManifests;
    for (const entry of index.entries) {
      if (entry.mediaType !== undefined && !isImageIndexType(entry.mediaType)) continue;
      if (entry.facts === undefined) await this.#manifests.factsOfEntry(entry);
      const { facts } = entry;
      if (facts === undefined || facts === 'none' || facts.children?.length === 0 || left <= 0) continue;
      const { referrers, looked } = this.#knownBelow(facts) ?? (await this.#lookBelow(entry, left, pace));
      left -= looked;
      for (const referrer of referrers) {
        const { digest } = referrer;
        if (seen.has(digest) || index.withdrawn.has(digest) || index.listed(digest).length > 0) continue;
        seen.add(digest);
        addTo(found, referrer);
      }
    }
    return found;
  }

  #knownBelow(facts: KeptFacts): Below | undefined {
    const referrers = this.#known.get(facts);
    return referrers && { referrers, looked: 1 + referrers.length };
  }

  async #lookBelow(entry: IndexEntry, limit: number, pace: Pace): Promise<Below> {
    const found: RawManifest[] = [];
    const seen = new Set<Digest>();
    // By digest, and read one after the other: what all of them list together may be more than memory holds.
    const pending: Descriptor[] = [];
    let complete = true;
    let facts = await this.#manifests.factsOfEntry(entry);
    for (;;) {
      // A missing file may come back.
      if (facts === 'none') complete = false;
      for (const child of facts === 'none' ? [] : facts.children) {
        await pace.step();
        if (seen.has(child.digest)) continue;
        if (seen.size >= limit) return { referrers: found, looked: limit };
        seen.add(child.digest);
        pending.push(child);
      }
      const child = pending.pop();
      if (child === undefined) break;
      facts = await this.#manifests.factsOfChild(child.digest, child.mediaType);
      if (facts !== 'none' && facts.subject !== undefined) found.push({ digest: child.digest, facts: keptOf(facts) });
      await pace.step();
    }
    if (complete && entry.facts !== undefined && entry.facts !== 'none') this.#known.set(entry.facts, found);
    return { referrers: found, looked: 1 + seen.size };
  }
}

function addTo(bySubject: Map<Digest, RawManifest[]>, referrer: RawManifest): void {
  const { subject } = referrer.facts;
  if (subject === undefined) return;
  const group = bySubject.get(subject);
  if (group === undefined) bySubject.set(subject, [referrer]);
  else group.push(referrer);
}
