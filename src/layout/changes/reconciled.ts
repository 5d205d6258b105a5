// What a reconcile says that it did, or would do.
import type { Digest } from '../../oci/digest.ts';

/** One thing that was changed, or would be, and why. */
export interface Reconciled {
  readonly kind:
    | 'listed-referrer'
    | 'listed-child'
    | 'marked-referrer'
    | 'named-image'
    | 'wrote-response'
    | 'removed-response';
  readonly digest: Digest;
  /** What it refers to, or whose response it is; undefined for a child. */
  readonly subject: Digest | undefined;
  /** For a person. */
  readonly why: string;
}
