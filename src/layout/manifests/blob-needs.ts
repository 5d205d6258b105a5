// Which manifests of a layout need a blob, and whether an image needs a damaged one. What entries lead to is read for that, so it
// is asked for rarely, and bounded.

import type { BlobReference } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import type { LayoutBlobs } from '../blobs/layout-blobs.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import { Pace } from '../pacing/pace.ts';
import { requiredBy } from './manifest-outline.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { maxWalkedManifests } from './manifest-walk.ts';
import { type Listed, outlinesBelow, UnsearchableError } from './outlines-below.ts';

/** Of one image: an index of more platforms and attestations than any has. */
const maxManifestsOfImage = 1_000;

export interface BlobNeed {
  /** The manifest that names the blob. */
  readonly manifest: Digest;
  /** By its descriptor. */
  readonly size: number;
}

/**
 * Every manifest that names the blob as config, layer or child, as often as it does. Throws UnsearchableError where a manifest is there and
 * cannot be read, and where there are too many: then nobody can say that none needs it.
 */
export async function* needsOf(
  digest: Digest,
  index: LayoutIndex,
  manifests: ManifestReader,
): AsyncGenerator<BlobNeed> {
  for await (const [manifest, reference] of requirementsBelow(index.entries, manifests, maxWalkedManifests)) {
    if (reference.digest === digest) yield { manifest, size: reference.size };
  }
}

/** By the first manifest that names the blob; undefined when none does, or index.json or a manifest cannot be read. */
export async function sizeByManifests(
  digest: Digest,
  readIndex: () => Promise<LayoutIndex | undefined>,
  manifests: ManifestReader,
): Promise<number | undefined> {
  try {
    const index = await readIndex();
    if (index === undefined) return undefined;
    for await (const { size } of needsOf(digest, index, manifests)) return size;
  } catch (error) {
    if (!(error instanceof UnsearchableError || error instanceof RegistryError)) throw error;
  }
  return undefined;
}

/** True when the image, or what it leads to, needs a blob that is known to be damaged; false when not all can be read. */
export async function needsDamaged(
  image: Listed,
  { blobs, manifests }: { readonly blobs: LayoutBlobs; readonly manifests: ManifestReader },
): Promise<boolean> {
  if (!(await blobs.mayHoldDamaged())) return false;
  try {
    for await (const [, { digest }] of requirementsBelow([image], manifests, maxManifestsOfImage)) {
      if (await blobs.isDamaged(digest)) return true;
    }
  } catch (error) {
    if (!(error instanceof UnsearchableError)) throw error;
  }
  return false;
}

/** Each manifest with each of what it must have. */
async function* requirementsBelow(
  listed: readonly Listed[],
  manifests: ManifestReader,
  limit: number,
): AsyncGenerator<readonly [Digest, BlobReference]> {
  const pace = new Pace();
  for await (const outline of outlinesBelow(listed, manifests, limit)) {
    for (const reference of requiredBy(outline)) {
      await pace.step();
      yield [outline.facts.descriptor.digest, reference];
    }
  }
}
