// Whether an image could be pulled, told by a glance at what it consists of: for lists, which must not name what cannot be had.
import { isAttestation } from '../oci/annotations.ts';
import type { DescriptorReference } from '../oci/descriptor.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import {
  type ArtifactManifest,
  contentOf,
  type ImageIndex,
  type ImageManifest,
  type Manifest,
} from '../oci/manifest.ts';
import { isManifestType, isNonDistributableType } from '../oci/media-type.ts';

export interface Glances {
  /** Undefined where none can be read. */
  manifest(digest: Digest, mediaType: string): Promise<Manifest | undefined>;
  /** In bytes, as it seems; undefined where there is none. */
  size(digest: Digest): Promise<number | undefined>;
}

export interface MissingContent {
  readonly digest: Digest;
  /** Of what is there instead: cut short, or something else; undefined where nothing is there. */
  readonly otherSize: number | undefined;
}

/** What is beyond is taken to be there: somebody waits for the list. */
const maxLayers = 1_000;
const maxChildren = 50;
const maxDepth = 3;

/** Undefined for an image that is whole, and for an index of which one platform is: it may well list others that were not copied. */
export function missingContentOf(manifest: Manifest, glances: Glances): Promise<MissingContent | undefined> {
  return missingBelow(manifest, glances, maxDepth);
}

async function missingBelow(manifest: Manifest, glances: Glances, depth: number): Promise<MissingContent | undefined> {
  return manifest.kind === 'index' ? missingOfAll(manifest, glances, depth) : missingOfImage(manifest, glances);
}

async function missingOfImage(
  manifest: ImageManifest | ArtifactManifest,
  glances: Glances,
): Promise<MissingContent | undefined> {
  for (const blob of contentOf(manifest).slice(0, maxLayers)) {
    if (isNonDistributableType(blob.mediaType) || !isDigest(blob.digest)) continue;
    const size = await glances.size(blob.digest);
    if (size !== blob.size) return { digest: blob.digest, otherSize: size };
  }
  return undefined;
}

async function missingOfAll(
  { manifests }: ImageIndex,
  glances: Glances,
  depth: number,
): Promise<MissingContent | undefined> {
  let first: MissingContent | undefined;
  for (const child of manifests.slice(0, maxChildren)) {
    if (isAttestation(child.annotations) || !isManifestType(child.mediaType) || !isDigest(child.digest)) continue;
    const missing = await missingOfChild({ ...child, digest: child.digest }, glances, depth);
    if (missing === undefined) return undefined;
    first ??= missing;
  }
  return first;
}

async function missingOfChild(
  { digest, size, mediaType }: DescriptorReference & { readonly digest: Digest },
  glances: Glances,
  depth: number,
): Promise<MissingContent | undefined> {
  const actual = await glances.size(digest);
  if (actual !== size) return { digest, otherSize: actual };
  const manifest = depth > 0 ? await glances.manifest(digest, mediaType) : undefined;
  return manifest && missingBelow(manifest, glances, depth - 1);
}
