// The bytes of a blob on their way from a source: never more and never fewer than its descriptor says.
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';
import { WrongContentError } from './copy-error.ts';
import type { ImageSource } from './image-source.ts';
import type { CopyProgress } from './progress.ts';

export interface BlobToCopy {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
  /** A layer that need not be in any registry (image-spec, Non-Distributable Layers): left out where the source has none. */
  readonly optional: boolean;
}

export interface BlobOrigin {
  readonly source: ImageSource;
  readonly repository: RepositoryName;
}

/** Throws WrongContentError when the source ends early or gives too much; its digest is for the receiver to check. */
export async function* blobBytes(
  { source, repository }: BlobOrigin,
  blob: BlobToCopy,
  from: number,
  { progress, signal }: { readonly progress: Pick<CopyProgress, 'blobAdvanced'>; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const wrong = (why: string) => new WrongContentError(`${source.description} (${repository})`, blob.digest, why);
  let at = from;
  signal.throwIfAborted();
  if (from < blob.size || blob.size === 0) {
    for await (const chunk of source.readBlob(repository, blob, from)) {
      signal.throwIfAborted();
      at += chunk.byteLength;
      if (at > blob.size) throw wrong(`it has more than the ${blob.size} bytes of its descriptor`);
      progress.blobAdvanced(blob, chunk.byteLength);
      yield chunk;
    }
  }
  if (at < blob.size) throw wrong(`it ends after ${at} of ${blob.size} bytes`);
}
