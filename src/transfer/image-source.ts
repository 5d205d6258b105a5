// Where images are read from, whatever it is: layouts and archives on this machine, or a registry elsewhere. Looking at images,
// importing and exporting them know nothing else.
import type { Descriptor, DescriptorReference } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Reference, RepositoryName, Tag } from '../oci/reference.ts';

export interface SourceManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Exactly what was stored; its digest was checked. */
  readonly bytes: Uint8Array;
}

export interface ImageSource {
  /** What it is, for messages: a path or a URL. */
  readonly description: string;
  /** In byte order. Throws UNSUPPORTED where a registry has no catalog. */
  repositories(): Promise<readonly RepositoryName[]>;
  /** In byte order. Throws NAME_UNKNOWN. */
  tags(name: RepositoryName): Promise<readonly Tag[]>;
  /** Images that no tag leads to, as far as the source can tell: a registry elsewhere cannot. Throws NAME_UNKNOWN. */
  untagged(name: RepositoryName): Promise<readonly Digest[]>;
  /** Throws NAME_UNKNOWN or MANIFEST_UNKNOWN. */
  manifest(name: RepositoryName, reference: Reference): Promise<SourceManifest>;
  /** Every referrer of a digest; empty when there is none. */
  referrers(name: RepositoryName, subject: Digest): Promise<readonly Descriptor[]>;
  /** The bytes of a blob from offset `from` on; they are not checked. Throws BLOB_UNKNOWN. */
  readBlob(name: RepositoryName, blob: DescriptorReference, from: number): AsyncIterable<Uint8Array>;
  /** Ends pending work and releases what is held open. */
  close(): Promise<void>;
}
