// A manifest as its layout needs it: what is kept of it, and what it refers to.
import type { BlobReference } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { parseManifest, referencesOf } from '../../oci/manifest.ts';
import { factsOf, type ManifestFacts, withheldBy } from '../../oci/manifest-facts.ts';

export interface ManifestOutline {
  readonly facts: ManifestFacts;
  /** JSON of the annotations that the facts withhold; undefined when they withhold none. */
  readonly withheld: Buffer | undefined;
  /** What must be stored for it to be complete. */
  readonly references: Iterable<BlobReference>;
}

/** Refuses with MANIFEST_INVALID (400). `mediaType` is what it was pushed as, or is referenced with; undefined when nobody said. */
export function outlineOf(bytes: Uint8Array, digest: Digest, mediaType: string | undefined): ManifestOutline {
  const manifest = parseManifest(bytes, mediaType);
  const facts = factsOf(manifest, digest, bytes.byteLength);
  return { facts, withheld: withheldBy(facts, manifest), references: referencesOf(manifest) };
}
