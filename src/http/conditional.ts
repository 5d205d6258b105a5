// Conditional requests (RFC 9110, 13): the digest is the entity tag, strong by nature.
import type { Digest } from '../oci/digest.ts';

export function entityTagOf(digest: Digest): string {
  return `"${digest}"`;
}

/** True when If-None-Match names this content: the answer is 304. Compared weakly, as RFC 9110 asks for this header. */
export function isNotModified(ifNoneMatch: string | undefined, digest: Digest): boolean {
  if (ifNoneMatch === undefined) return false;
  const entityTag = entityTagOf(digest);
  if (ifNoneMatch === entityTag) return true;
  return ifNoneMatch.split(',').some((each) => {
    const candidate = each.trim();
    return candidate === '*' || candidate === entityTag || candidate === `W/${entityTag}`;
  });
}

/** Whether Range may be honoured: If-Range must name exactly this content; a date never does, as we send no Last-Modified. */
export function isRangeWanted(ifRange: string | readonly string[] | undefined, digest: Digest): boolean {
  return ifRange === undefined || ifRange === entityTagOf(digest);
}
