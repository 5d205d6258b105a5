// Manifests that nothing leads to: `cosign save` v3 lists the image only, umoci and regclient let go of referrers, olareg keeps
// them behind a response. A scan looks into the small blobs of a layout for manifests with a subject (docs/layouts.md#unreferenced-manifests).
import type { Digest } from '../../oci/digest.ts';
import { portableManifestBytes } from '../../oci/manifest.ts';
import { type KeptFacts, keptOf } from '../../oci/manifest-facts.ts';
import type { ObjectReader } from '../../storage/object-store.ts';
import { digestsIn } from '../blobs/stored-digests.ts';
import type { LayoutKeys } from '../files/keys.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import { Pace } from '../pacing/pace.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { maxWalkedManifests } from './manifest-walk.ts';

export interface UnreferencedManifest {
  readonly digest: Digest;
  readonly facts: KeptFacts;
}

export interface ScanRules {
  /** Whether referrers are looked for among them: never, when somebody first asks for referrers, or already when the server starts. */
  readonly scan: 'off' | 'lazy' | 'startup';
}

export class UnreferencedManifests {
  readonly #store: ObjectReader;
  readonly #keys: LayoutKeys;
  readonly #manifests: ManifestReader;
  /** Blobs never change: each is examined once. */
  readonly #known = new Map<Digest, KeptFacts | 'other'>();

  constructor(store: ObjectReader, keys: LayoutKeys, manifests: ManifestReader) {
    this.#store = store;
    this.#keys = keys;
    this.#manifests = manifests;
  }

  /** Manifests with a subject that no entry lists. What was deleted through the registry has no file, so it is not among them. */
  async referring(index: LayoutIndex): Promise<ReadonlyMap<Digest, UnreferencedManifest>> {
    const found = new Map<Digest, UnreferencedManifest>();
    const pace = new Pace();
    for (const digest of await digestsIn(this.#store, this.#keys)) {
      if (found.size >= maxWalkedManifests || index.listed(digest).length > 0) continue;
      const known = this.#known.get(digest) ?? (await this.#examine(digest));
      await pace.step();
      if (known !== 'other') found.set(digest, { digest, facts: known });
    }
    return found;
  }

  async #examine(digest: Digest): Promise<KeptFacts | 'other'> {
    const facts = (await this.#manifests.mayBeManifest(digest, portableManifestBytes))
      ? await this.#manifests.factsIfManifest(digest)
      : 'none';
    const known = facts === 'none' || facts.subject === undefined ? 'other' : keptOf(facts);
    if (this.#known.size < maxWalkedManifests) this.#known.set(digest, known);
    return known;
  }
}
