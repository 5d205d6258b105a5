// What a manifest says that a layout must know: derived once from an immutable blob, whoever stored it.
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { type Manifest, parseManifest, referrerDescriptorOf, subjectOf } from '../oci/manifest.ts';
import { isManifestType } from '../oci/media-type.ts';

export interface ManifestFacts {
  readonly subject: Digest | undefined;
  /** How a referrers response lists it; without its annotations when it refers to nothing, since they may be megabytes each. */
  readonly descriptor: Descriptor;
  /** Of an index: what it lists. */
  readonly children: readonly Descriptor[];
}

export function factsOf(manifest: Manifest, digest: Digest, size: number): ManifestFacts {
  const subject = subjectOf(manifest);
  const { annotations, ...descriptor } = referrerDescriptorOf(manifest, digest, size);
  return {
    subject,
    descriptor: subject === undefined || annotations === undefined ? descriptor : { ...descriptor, annotations },
    children: manifest.kind === 'image' ? [] : manifest.manifests.flatMap((child) => childDescriptor(child)),
  };
}

function childDescriptor({
  mediaType,
  digest,
  size,
}: {
  mediaType: string;
  digest: string;
  size: number;
}): readonly Descriptor[] {
  return isDigest(digest) && isManifestType(mediaType) ? [{ mediaType, digest, size }] : [];
}

/** 'none': it was read and is no manifest that we understand. */
export type KnownFacts = ManifestFacts | 'none';

/** 'none' when the bytes are no manifest: a layout may list anything (image-spec, image-layout.md). */
export function readFacts(bytes: Uint8Array, digest: Digest, mediaType: string | undefined): KnownFacts {
  try {
    return factsOf(parseManifest(bytes, mediaType), digest, bytes.byteLength);
  } catch {
    return 'none';
  }
}
