// Which manifests of a layout need a blob, and whether an image needs a damaged one. What entries lead to is read for that, so it
// is asked for rarely, and bounded.

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
  const pace = new Pace();
  for await (const outline of outlinesBelow(index.entries, manifests, maxWalkedManifests)) {
    const manifest = outline.facts.descriptor.digest;
    for (const reference of requiredBy(outline)) {
      if (reference.digest === digest) yield { manifest, size: reference.size };
      await pace.step();
    }
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
    const pace = new Pace();
    for await (const outline of outlinesBelow([image], manifests, maxManifestsOfImage)) {
      for (const { digest } of requiredBy(outline)) {
        if (await blobs.isDamaged(digest)) return true;
        await pace.step();
      }
    }
  } catch (error) {
    if (!(error instanceof UnsearchableError)) throw error;
  }
  return false;
}
