// Manifests with a subject that only an index lists: BuildKit's attestations as artifacts, and what `ctr images import --index-name` keeps.
// An entry lists the index, so they are reachable (docs/layouts.md#nested-referrers).
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { type KeptFacts, keptOf } from '../../oci/manifest-facts.ts';
import { isImageIndexType } from '../../oci/media-type.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import { Pace } from '../pacing/pace.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { ManifestWalk, maxWalkedManifests } from './manifest-walk.ts';
import type { UnreferencedManifest } from './unreferenced-manifests.ts';

interface Below {
  readonly referrers: readonly UnreferencedManifest[];
  /** What it took of the bound. */
  readonly walked: number;
}

export class NestedReferrers {
  readonly #manifests: ManifestReader;
  /** By what is kept of an index: what lies below it never changes, so each is walked once. */
  readonly #known = new WeakMap<KeptFacts, readonly UnreferencedManifest[]>();

  constructor(manifests: ManifestReader) {
    this.#manifests = manifests;
  }

  /** By subject; without what an entry lists, too, and what is being deleted. */
  async bySubject(index: LayoutIndex): Promise<ReadonlyMap<Digest, readonly UnreferencedManifest[]>> {
    const found = new Map<Digest, UnreferencedManifest[]>();
    const seen = new Set<Digest>();
    const pace = new Pace();
    // Of all entries together: those of a layout of a stranger may list the same children in every index.
    let left = maxWalkedManifests;
    for (const entry of index.entries) {
      if (entry.mediaType !== undefined && !isImageIndexType(entry.mediaType)) continue;
      if (entry.facts === undefined) await this.#manifests.factsOfEntry(entry);
      const { facts } = entry;
      if (facts === undefined || facts === 'none' || facts.children?.length === 0 || left <= 0) continue;
      const { referrers, walked } = this.#knownBelow(facts) ?? (await this.#walkBelow(entry, left));
      left -= walked;
      await pace.step();
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
    return referrers && { referrers, walked: 1 + referrers.length };
  }

  async #walkBelow(entry: IndexEntry, limit: number): Promise<Below> {
    const referrers: UnreferencedManifest[] = [];
    const walk = new ManifestWalk<Descriptor>(limit);
    const facts = await this.#manifests.factsOfEntry(entry);
    // A missing file may come back.
    let isComplete = facts !== 'none';
    await walk.add(facts === 'none' ? [] : facts.children);
    for await (const { digest, mediaType } of walk) {
      if (!walk.isWhole) break;
      const below = await this.#manifests.factsOfChild(digest, mediaType);
      if (below === 'none') {
        isComplete = false;
        continue;
      }
      if (below.subject !== undefined) referrers.push({ digest, facts: keptOf(below) });
      await walk.add(below.children);
    }
    if (!walk.isWhole) return { referrers, walked: limit };
    if (isComplete && entry.facts !== undefined && entry.facts !== 'none') this.#known.set(entry.facts, referrers);
    return { referrers, walked: 1 + walk.size };
  }
}

function addTo(bySubject: Map<Digest, UnreferencedManifest[]>, referrer: UnreferencedManifest): void {
  const { subject } = referrer.facts;
  if (subject === undefined) return;
  const group = bySubject.get(subject);
  if (group === undefined) bySubject.set(subject, [referrer]);
  else group.push(referrer);
}
