// Which manifests of a layout need a blob, and whether an image needs a damaged one. What entries lead to is read for that, so it
// is asked for rarely, and bounded.

import type { BlobReference } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { isManifestType } from '../../oci/media-type.ts';
import type { LayoutBlobs } from '../blobs/layout-blobs.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import { Pace } from '../pacing/pace.ts';
import type { ManifestOutline } from './manifest-outline.ts';
import type { ManifestReader } from './manifest-reader.ts';

/** Some seconds of reading; a layout with more of them is not searched. */
const maxManifests = 100_000;
/** Of one image: an index of more platforms and attestations than any has. */
const maxManifestsOfImage = 1_000;

/** A manifest, and the type that it is taken for. */
interface Listed {
  readonly digest?: Digest | undefined;
  readonly mediaType?: string | undefined;
}

export interface BlobNeed {
  /** The manifest that names the blob. */
  readonly manifest: Digest;
  /** By its descriptor. */
  readonly size: number;
}

/** What keeps a search from being complete, in words for a client. */
export class UnsearchableError extends Error {
  override readonly name = 'UnsearchableError';
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
  for await (const [manifest, reference] of referencesBelow(index.entries, manifests, maxManifests)) {
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
    for await (const [, { digest }] of referencesBelow([image], manifests, maxManifestsOfImage)) {
      if (await blobs.isDamaged(digest)) return true;
    }
  } catch (error) {
    if (!(error instanceof UnsearchableError)) throw error;
  }
  return false;
}

/** Each manifest with each of what it refers to. */
async function* referencesBelow(
  listed: readonly Listed[],
  manifests: ManifestReader,
  limit: number,
): AsyncGenerator<readonly [Digest, BlobReference]> {
  const pending = new Map<Digest, string | undefined>();
  const add = ({ digest, mediaType }: Listed) => {
    const isOne = mediaType === undefined || isManifestType(mediaType);
    if (digest !== undefined && isOne && !pending.has(digest)) pending.set(digest, mediaType);
  };
  for (const each of listed) add(each);
  const pace = new Pace();
  for (const [digest, mediaType] of pending) {
    if (pending.size > limit) throw new UnsearchableError(`there are more than ${limit} manifests`);
    const outline = await outlineIn(manifests, digest, mediaType);
    for (const reference of outline?.references ?? []) {
      await pace.step();
      yield [digest, reference];
    }
    for (const child of outline?.facts.children ?? []) add(child);
  }
}

/** Undefined for what is not there, and for what is no manifest: a layout may list anything (image-spec, image-layout.md). */
async function outlineIn(
  manifests: ManifestReader,
  digest: Digest,
  mediaType: string | undefined,
): Promise<ManifestOutline | undefined> {
  const bytes = await manifests.read(digest);
  if (bytes !== undefined) return manifests.outline(digest, mediaType);
  if (await manifests.has(digest)) throw new UnsearchableError(`the manifest ${digest} cannot be read`);
  return undefined;
}
