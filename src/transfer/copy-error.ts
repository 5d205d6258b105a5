// What stops a copy, in words for whoever started it.
import type { Digest } from '../oci/digest.ts';

/** A copy that cannot go on, or should not begin: the message says what to do. */
export class CopyError extends Error {
  override readonly name: string = 'CopyError';
}

/** The source gave other bytes than the digest or the size says: nothing of them is kept. */
export class WrongContentError extends CopyError {
  override readonly name = 'WrongContentError';

  /** The bytes are as many as they should be. */
  readonly isDigest: boolean;

  constructor(
    where: string,
    digest: Digest,
    why: string,
    { isDigest = false, cause }: { isDigest?: boolean; cause?: unknown } = {},
  ) {
    super(`${where}: ${digest} is wrong there: ${why}. Nothing of it was kept`, { cause });
    this.isDigest = isDigest;
  }
}
