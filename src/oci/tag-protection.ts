// Tags that somebody may not change: asked where the change is made, since a tag that was free a moment ago may be taken by now.
import { RegistryError } from './error-code.ts';
import type { Tag } from './reference.ts';

export interface TagProtection {
  /** Why a tag that is there may not be made to mean something else, or to go, in words; undefined when it may. */
  whyKept(tag: Tag): string | undefined;
}

/** Answered with 409: somebody who may push may not push this. The same content again is no change, and not refused. */
export class TagProtectedError extends RegistryError {
  /** For the audit. */
  readonly why: string;
  readonly tag: Tag;
  readonly reason: string;

  constructor(tag: Tag, reason: string) {
    super('DENIED', { status: 409, detail: `the tag ${tag} is there, and ${reason}` });
    this.tag = tag;
    this.reason = reason;
    this.why = `the tag ${tag}: ${reason}`;
  }
}
