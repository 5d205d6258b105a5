// What `moorage verify` finds out, and what it did about it.
import type { HashedTotals } from '../inspection/hashed-files.ts';
import type { InspectedPart } from '../inspection/inspection.ts';
import type { Digest } from '../oci/digest.ts';

export interface Repair {
  /** Undefined for a file that is no blob. */
  readonly digest: Digest | undefined;
  /** Of the bad file, or of the place where it should be: below the directory that was verified. */
  readonly path: string;
  /** `mended`: a good copy is in its place. `quarantined`: nobody had one, and it was put aside. `kept`: nothing could be done. */
  readonly outcome: 'mended' | 'quarantined' | 'kept';
  /** Where the copy came from, where it was put, or why nothing could be done. */
  readonly detail: string;
}

export interface Verification {
  /** What is wrong now: after a repair, what is left. */
  readonly parts: readonly InspectedPart[];
  readonly repairs: readonly Repair[];
  /** What was read. */
  readonly totals: Readonly<HashedTotals>;
}
