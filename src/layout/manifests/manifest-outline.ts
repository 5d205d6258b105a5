// A manifest as its layout needs it: what is kept of it, and all that it refers to.
import type { BlobReference } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { everyReferenceOf, type ManifestReference, parseManifest } from '../../oci/manifest.ts';
import { factsOf, type ManifestFacts, withheldBy } from '../../oci/manifest-facts.ts';

export interface ManifestOutline {
  readonly facts: ManifestFacts;
  /** JSON of the annotations that the facts withhold; undefined when they withhold none. */
  readonly withheld: Buffer | undefined;
  /** Config, layers, children, subject. They are not kept with the facts: an image of a thousand layers would be in memory with each entry. */
  readonly references: Iterable<ManifestReference>;
}

/** Refuses with MANIFEST_INVALID (400). `mediaType` is what it was pushed as, or is referenced with; undefined when nobody said. */
export function outlineOf(bytes: Uint8Array, digest: Digest, mediaType: string | undefined): ManifestOutline {
  const manifest = parseManifest(bytes, mediaType);
  const facts = factsOf(manifest, digest, bytes.byteLength);
  return { facts, withheld: withheldBy(facts, manifest), references: everyReferenceOf(manifest) };
}

/** What must be stored for it to be complete. */
export function requiredBy({ references }: Pick<ManifestOutline, 'references'>): Iterable<BlobReference> {
  return { [Symbol.iterator]: () => requiredAmong(references) };
}

function* requiredAmong(references: Iterable<ManifestReference>): Generator<BlobReference> {
  for (const reference of references) if (reference.role === 'required') yield reference;
}
