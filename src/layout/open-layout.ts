// Makes what a layout is read with.
import type { Digest } from '../oci/digest.ts';
import { LayoutBlobs } from './blobs/layout-blobs.ts';
import type { ReadLayout } from './changes/read-layout.ts';
import { factsKey, layoutKeys } from './files/keys.ts';
import type { ImageLayoutOptions } from './image-layout-options.ts';
import { IndexReader } from './index/index-reader.ts';
import type { LayoutIndex } from './index/layout-index.ts';
import { LayoutVersion } from './index/layout-version.ts';
import { sizeByManifests } from './manifests/blob-needs.ts';
import { DerivedIndexes } from './manifests/derived-index.ts';
import { FactsFile } from './manifests/facts-file.ts';
import { ManifestLookup } from './manifests/manifest-lookup.ts';
import { ManifestReader } from './manifests/manifest-reader.ts';
import { NestedReferrers } from './manifests/nested-referrers.ts';
import { UnreferencedManifests } from './manifests/unreferenced-manifests.ts';
import { LayoutNames } from './names/repository-names.ts';

/** `onForeign` is told of each version of index.json that is read and that this process did not publish. */
export function openLayout(options: ImageLayoutOptions, onForeign: () => void): ReadLayout {
  const { prefix, store, checks, caches, clock, log, rules } = options;
  const keys = layoutKeys(prefix);
  const version = new LayoutVersion(store, keys);
  const index = new IndexReader({ store, key: keys.index, version, clock, log, onForeign });
  const readIndex = () => index.current();
  const facts = options.facts && new FactsFile(options.facts.store, factsKey(options.facts.directory, prefix), log);
  const manifests = new ManifestReader({ store, keys, caches, log, facts });
  const statedSize = (digest: Digest) => sizeByManifests(digest, readIndex, manifests);
  const blobs = new LayoutBlobs({ store, keys, checks, statedSize });
  const unreferenced = rules.scan === 'off' ? undefined : new UnreferencedManifests(store, keys, manifests);
  const derived = new DerivedIndexes({ manifests, nested: new NestedReferrers(manifests), unreferenced });
  const childType = (snapshot: LayoutIndex, digest: Digest) => derived.of(snapshot).mediaTypeOfChild(digest);
  const lookup = new ManifestLookup({ readIndex, childType, manifests, blobs });
  const names = new LayoutNames(options.name, rules);
  const name = options.name === '' ? '.' : options.name;
  const basis = { store, keys, name, rules, clock, log };
  return { ...basis, index, version, names, checks, blobs, manifests, facts, derived, lookup };
}
