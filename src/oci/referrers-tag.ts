// The referrers tag schema (distribution-spec, Referrers Tag Schema): the tag under which clients without the API look for a response.
import { algorithmOf, type Digest, encodedOf } from './digest.ts';
import type { Tag } from './reference.ts';

/** `<algorithm, at most 32>-<encoded, at most 64>`: sha512 is cut to 64 characters. */
export function referrersTagOf(subject: Digest): Tag {
  return `${algorithmOf(subject)}-${encodedOf(subject).slice(0, 64)}` as Tag;
}

const referrersTag = /^(?:sha256|sha512)-[0-9a-f]{64}$/;

export function isReferrersTag(name: string): boolean {
  return referrersTag.test(name);
}
