// Descriptors (image-spec, descriptor.md), as they stand in manifests, in index.json and in referrers responses.
import type { Annotations } from './annotations.ts';
import type { Digest } from './digest.ts';

/** A descriptor of content that this registry can verify. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Annotations;
}

/** What a manifest says of a blob that it needs: the digest may be of an algorithm that we do not store (image-spec: SHOULD not be rejected). */
export interface BlobReference {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** A reference inside a manifest. */
export interface DescriptorReference extends BlobReference {
  readonly mediaType: string;
  readonly annotations?: Annotations;
}
