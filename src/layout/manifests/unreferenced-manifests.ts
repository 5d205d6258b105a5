// Manifests that nothing leads to: `cosign save` v3 lists the image only, umoci and regclient let go of referrers, olareg keeps
// them behind a response. A scan looks into the small blobs of a layout for manifests with a subject (docs/layouts.md#unreferenced-manifests).
import { type Digest, digestAlgorithms, isDigest } from '../../oci/digest.ts';
import { portableManifestBytes } from '../../oci/manifest.ts';
import { type KeptFacts, keptOf } from '../../oci/manifest-facts.ts';
import type { Key, ObjectReader } from '../../storage/object-store.ts';
import type { LayoutKeys } from '../files/keys.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import { Pace } from '../pacing/pace.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { maxWalkedManifests } from './manifest-walk.ts';

export interface UnreferencedManifest {
  readonly digest: Digest;
  readonly facts: KeptFacts;
}

const openingBrace = 0x7b;

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
    for (const [digest, key] of await this.#blobs()) {
      if (found.size >= maxWalkedManifests || index.listed(digest).length > 0) continue;
      const known = this.#known.get(digest) ?? (await this.#examine(digest, key));
      await pace.step();
      if (known !== 'other') found.set(digest, { digest, facts: known });
    }
    return found;
  }

  async #blobs(): Promise<readonly (readonly [Digest, Key])[]> {
    const all = await Promise.all(
      digestAlgorithms.map(async (algorithm) => {
        const children = await this.#store.list(this.#keys.blobs(algorithm));
        return children.flatMap(({ name, kind }) => {
          const digest = `${algorithm}:${name}`;
          return kind === 'object' && isDigest(digest) ? [[digest, this.#keys.blob(digest)] as const] : [];
        });
      }),
    );
    return all.flat();
  }

  async #examine(digest: Digest, key: Key): Promise<KeptFacts | 'other'> {
    const facts = (await this.#beginsLikeJson(key)) ? await this.#manifests.factsIfManifest(digest) : 'none';
    const known = facts === 'none' || facts.subject === undefined ? 'other' : keptOf(facts);
    if (this.#known.size < maxWalkedManifests) this.#known.set(digest, known);
    return known;
  }

  async #beginsLikeJson(key: Key): Promise<boolean> {
    const info = await this.#store.stat(key);
    if (info === undefined || info.size === 0 || info.size > portableManifestBytes) return false;
    const object = await this.#store.open(key);
    if (object === undefined) return false;
    try {
      const first = new Uint8Array(1);
      return (await object.readInto(first, 0)) === 1 && first[0] === openingBrace;
    } finally {
      await object.close();
    }
  }
}
