// What an inspection of a layout found: one fact each, with a code that does not change, what it is about, why it matters, what to do.
import { type FindingCode, findingKinds } from './finding-kinds.ts';
import type { Severity } from './severity.ts';

/** What a finding is about. */
export interface FindingSubject {
  /** A tag, or a name as it was written. */
  readonly name?: string | undefined;
  readonly digest?: string | undefined;
  /** Below the layout. */
  readonly path?: string | undefined;
  /** Anything else about this one, in a few words. */
  readonly detail?: string | undefined;
  /** Where this one differs from others of its code. */
  readonly hides?: boolean;
}

export interface Finding extends FindingSubject {
  readonly severity: Severity;
  readonly code: FindingCode;
  /** True when something that a user would expect is not to be had under its name. */
  readonly hides: boolean;
  readonly why: string;
  readonly remedy: string;
}

export function findingOf(code: FindingCode, subject: FindingSubject): Finding {
  const { severity, hides = false, why, remedy } = findingKinds[code];
  return { severity, code, hides, ...subject, why, remedy };
}

export type { FindingCode };
