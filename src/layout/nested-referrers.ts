// Manifests with a subject that only an index lists: BuildKit's attestations as artifacts, and what `ctr images import --index-name` keeps.
// An entry lists the index, so they are reachable (INTEROP §4.6).
import type { Digest } from '../oci/digest.ts';
import { isImageIndexType } from '../oci/media-type.ts';
import type { LayoutIndex } from './layout-index.ts';
import type { ManifestFacts } from './manifest-facts.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { Pace } from './pace.ts';
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
  /** By what an index says: what lies below it never changes, so each is looked through once. */
  readonly #known = new WeakMap<ManifestFacts, readonly RawManifest[]>();

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
      const facts = entry.facts ?? (await this.#manifests.factsOfEntry(entry));
      if (facts === 'none' || facts.children.length === 0 || left <= 0) continue;
      const { referrers, looked } = this.#knownBelow(facts) ?? (await this.#lookBelow(facts, left, pace));
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

  #knownBelow(facts: ManifestFacts): Below | undefined {
    const referrers = this.#known.get(facts);
    return referrers && { referrers, looked: 1 + referrers.length };
  }

  async #lookBelow(top: ManifestFacts, limit: number, pace: Pace): Promise<Below> {
    const found: RawManifest[] = [];
    const seen = new Set<Digest>();
    const pending = [top];
    let complete = true;
    for (let facts = pending.pop(); facts !== undefined; facts = pending.pop()) {
      for (const { digest, mediaType } of facts.children) {
        if (seen.has(digest)) continue;
        if (seen.size >= limit) return { referrers: found, looked: limit };
        seen.add(digest);
        const child = await this.#manifests.factsOfChild(digest, mediaType);
        await pace.step();
        // A missing file may come back.
        if (child === 'none') complete = false;
        else {
          if (child.subject !== undefined) found.push({ digest, facts: child });
          if (child.children.length > 0) pending.push(child);
        }
      }
    }
    if (complete) this.#known.set(top, found);
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
