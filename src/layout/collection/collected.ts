// What a collection deletes, and why: a line for people, and a member of the JSON.
import type { Digest } from '../../oci/digest.ts';

export type CollectedKind = 'manifest' | 'blob' | 'pool' | 'upload' | 'repository' | 'directory' | 'record';

export interface Collected {
  readonly kind: CollectedKind;
  /** Below the root: a repository's prefix, or where else it lay. */
  readonly where: string;
  readonly digest: Digest | undefined;
  /** That come back with it; 0 for the link of a file that has others. */
  readonly bytes: number;
  readonly why: string;
}
