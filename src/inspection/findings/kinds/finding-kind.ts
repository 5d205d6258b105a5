// What all findings of one code have in common.
import type { Severity } from '../severity.ts';

export interface FindingKind {
  readonly severity: Severity;
  /** Something that a user would expect is not to be had under its name; false unless given. */
  readonly hides?: boolean;
  /** One sentence: which tool or client it matters to. */
  readonly why: string;
  /** What to do about it. */
  readonly remedy: string;
}
