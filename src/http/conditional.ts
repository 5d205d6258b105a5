// Conditional requests (RFC 9110, 13): the digest is the entity tag, strong by nature.
import type { IncomingHttpHeaders } from 'node:http';
import type { Digest } from '../oci/digest.ts';
import { assertHolds, type EntityTags, type Precondition } from '../oci/precondition.ts';

export function entityTagOf(digest: Digest): string {
  return `"${digest}"`;
}

/** True when If-None-Match names this content: the answer is 304. Compared weakly, as RFC 9110 asks for this header. */
export function isNotModified(ifNoneMatch: string | undefined, digest: Digest): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch === entityTagOf(digest)) return true;
  const tags = entityTagsOf(ifNoneMatch, anyTag);
  return tags === 'any' || tags.includes(digest);
}

/** Refuses a pull of other content than If-Match names with 412, before If-None-Match counts (RFC 9110, 13.2.2). */
export function assertMatch(ifMatch: string | undefined, digest: Digest): void {
  if (ifMatch !== undefined) assertHolds({ match: entityTagsOf(ifMatch, strongTag), noneMatch: undefined }, digest);
}

/** What a push or delete demands; undefined for the many that demand nothing. We send no Last-Modified, so dates do not count. */
export function preconditionOf(headers: IncomingHttpHeaders): Precondition | undefined {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  if (match === undefined && noneMatch === undefined) return undefined;
  return {
    match: match === undefined ? undefined : entityTagsOf(match, strongTag),
    noneMatch: noneMatch === undefined ? undefined : entityTagsOf(noneMatch, anyTag),
  };
}

/** Whether Range may be honoured: If-Range must name exactly this content; a date never does, as we send no Last-Modified. */
export function isRangeWanted(ifRange: string | readonly string[] | undefined, digest: Digest): boolean {
  return ifRange === undefined || ifRange === entityTagOf(digest);
}

/** If-Match compares strongly: weak tags are passed over, and what stands in one is no tag (RFC 9110, 13.1.1). */
const strongTag = /^"([^"]*)"$/;
const anyTag = /^(?:W\/)?"([^"]*)"$/;

/** A digest holds no comma, so a tag that is cut at one was none of ours. */
function entityTagsOf(header: string, form: RegExp): EntityTags {
  const words = header.split(',').map((word) => word.trim());
  if (words.includes('*')) return 'any';
  return words.flatMap((word) => form.exec(word)?.[1] ?? []);
}
