// Makes what a layout is read with, from where it lies, the rules it follows, and what it shares with the other layouts of the process.
import type { Digest } from '../oci/digest.ts';
import type { Clock } from '../storage/clock.ts';
import type { Log } from '../storage/log.ts';
import type { ObjectReader } from '../storage/object-store.ts';
import type { RequestTurns } from '../storage/request-turns.ts';
import type { BlobChecks, BlobReadRules } from './blobs/blob-checks.ts';
import { LayoutBlobs } from './blobs/layout-blobs.ts';
import type { SmallBlobs } from './blobs/small-blobs.ts';
import type { ChangeRules, LayoutChangesOptions } from './changes/layout-changes.ts';
import type { ReadLayout } from './changes/read-layout.ts';
import type { FactsPlace } from './files/kept-lines.ts';
import { factsKey, type LayoutPrefix, layoutKeys } from './files/keys.ts';
import { IndexReader } from './index/index-reader.ts';
import type { LayoutIndex } from './index/layout-index.ts';
import { LayoutVersion } from './index/layout-version.ts';
import { sizeByManifests } from './manifests/blob-needs.ts';
import { DerivedIndexes } from './manifests/derived-index.ts';
import { FactsFile } from './manifests/facts-file.ts';
import type { ManifestCaches } from './manifests/manifest-caches.ts';
import { ManifestLookup } from './manifests/manifest-lookup.ts';
import { ManifestReader } from './manifests/manifest-reader.ts';
import { NestedReferrers } from './manifests/nested-referrers.ts';
import { type ScanRules, UnreferencedManifests } from './manifests/unreferenced-manifests.ts';
import type { NameRules } from './names/name-rules.ts';
import { LayoutNames } from './names/repository-names.ts';

/** All that is followed in a layout. Each is declared in the file that follows it. */
export interface ImageLayoutRules extends NameRules, BlobReadRules, ScanRules, ChangeRules {}

export interface ImageLayoutOptions {
  readonly prefix: LayoutPrefix;
  /** The name it is served under: full names that end with it mean the layout itself. */
  readonly name: string;
  readonly rules: ImageLayoutRules;
  readonly store: ObjectReader;
  readonly checks: BlobChecks;
  readonly caches: ManifestCaches;
  /** Undefined: no blobs are held in memory. */
  readonly smallBlobs?: SmallBlobs | undefined;
  /** Where derived facts are kept across restarts; undefined: nowhere. */
  readonly facts: FactsPlace | undefined;
  readonly clock: Clock;
  /** Undefined: each request has a look of its own at index.json. */
  readonly turns?: RequestTurns | undefined;
  readonly log: Log;
  /** Undefined where nothing is written, and nothing healed. */
  readonly changes: LayoutChangesOptions | undefined;
}

/** `onForeign` is told of each version of index.json that is read and that this process did not publish. */
export function openLayout(options: ImageLayoutOptions, onForeign: () => void): ReadLayout {
  const { prefix, store, checks, caches, clock, turns, log, rules } = options;
  const keys = layoutKeys(prefix);
  const version = new LayoutVersion(store, keys);
  const index = new IndexReader({ store, key: keys.index, version, clock, turns, log, onForeign });
  const readIndex = () => index.current();
  const facts = options.facts && new FactsFile(options.facts.store, factsKey(options.facts.directory, prefix), log);
  const manifests = new ManifestReader({ store, keys, caches, log, facts });
  const statedSize = (digest: Digest) => sizeByManifests(digest, readIndex, manifests);
  const blobs = new LayoutBlobs({ store, keys, checks, small: options.smallBlobs, statedSize });
  const unreferenced = rules.scan === 'off' ? undefined : new UnreferencedManifests(store, keys, manifests);
  const derived = new DerivedIndexes({ manifests, nested: new NestedReferrers(manifests), unreferenced });
  const childType = (snapshot: LayoutIndex, digest: Digest) => derived.of(snapshot).mediaTypeOfChild(digest);
  const lookup = new ManifestLookup({ readIndex: (look) => index.current(look), childType, manifests, blobs });
  const names = new LayoutNames(options.name, rules);
  const name = options.name === '' ? '.' : options.name;
  const basis = { store, keys, name, clock, log };
  return { ...basis, index, version, names, checks, blobs, manifests, facts, derived, lookup };
}
