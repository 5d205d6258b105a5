// A copy of a blob that is wanted, wherever it lies.
import type { Digest } from '../oci/digest.ts';
import type { Key, ObjectReader, VersionLabel } from '../storage/object-store.ts';

export interface GoodCopy {
  /** For a person. */
  readonly from: string;
  /** Undefined for bytes that lie nowhere in a store that could be linked from. */
  readonly file: { readonly store: ObjectReader; readonly key: Key; readonly label: VersionLabel } | undefined;
  bytes(): AsyncIterable<Uint8Array>;
}

export interface WantedBlob {
  readonly digest: Digest;
  /** By a descriptor, or of the damaged file. */
  readonly size: number;
  /** The repositories that want it, and what they are called. */
  readonly names: readonly string[];
  /** Files that were read and are bad, and all that are the same. */
  readonly bad: ReadonlySet<VersionLabel>;
}

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
