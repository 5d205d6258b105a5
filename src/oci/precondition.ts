// What a client demands of a name before its change is made (RFC 9110, 13.1). The entity tag of a manifest is its digest, so a
// demand is about digests.
import type { Digest } from './digest.ts';
import { RegistryError } from './error-code.ts';

/** Entity tags without their quotes, or `any`: whatever there is. Empty means nothing that could be here. */
export type EntityTags = 'any' | readonly string[];

export interface Precondition {
  /** If-Match: the name must lead to one of these. Undefined: not demanded. */
  readonly match: EntityTags | undefined;
  /** If-None-Match: the name must lead to none of these. Undefined: not demanded. */
  readonly noneMatch: EntityTags | undefined;
}

/** Answered with 412: nothing was changed. */
export class PreconditionFailedError extends RegistryError {
  constructor(detail: string) {
    super('UNSUPPORTED', { status: 412, message: 'precondition failed', detail });
  }
}

/** `current` is what the name leads to; undefined: nothing that can be pulled. Throws PreconditionFailedError. */
export function assertHolds({ match, noneMatch }: Precondition, current: Digest | undefined): void {
  if (match !== undefined && !names(match, current)) {
    throw new PreconditionFailedError('If-Match names other content than what is here now');
  }
  if (noneMatch !== undefined && names(noneMatch, current)) {
    throw new PreconditionFailedError('If-None-Match names what is here now');
  }
}

function names(tags: EntityTags, current: Digest | undefined): boolean {
  return current !== undefined && (tags === 'any' || tags.includes(current));
}
