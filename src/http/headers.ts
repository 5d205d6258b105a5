// Names of the headers and the URLs that answers carry. URLs are path-absolute, so that they hold behind a proxy, and
// leave ":" as it is: the 1.1 conformance suite compares them literally.
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { UploadId } from '../oci/upload-id.ts';

/** Flat name, value, name, value: what `writeHead` takes without copying or sorting. */
export type HeaderList = readonly string[];

export const headerNames = {
  apiVersion: 'Docker-Distribution-API-Version',
  contentDigest: 'Docker-Content-Digest',
  uploadId: 'Docker-Upload-UUID',
  subject: 'OCI-Subject',
  tag: 'OCI-Tag',
  namespace: 'OCI-Namespace',
  filtersApplied: 'OCI-Filters-Applied',
  warning: 'Warning',
  serverTiming: 'Server-Timing',
} as const;

export const apiVersion = 'registry/2.0';

/**
 * On every answer: what somebody pushed is never a page, a script or a picture of whoever opens it in a browser. Clients of
 * registries do not mind.
 */
export const browserHeaders: HeaderList = [
  ...['X-Content-Type-Options', 'nosniff'],
  ...['Content-Security-Policy', "sandbox; default-src 'none'"],
  ...['Cross-Origin-Resource-Policy', 'same-origin'],
];

/**
 * On our own page instead: it runs the script that comes with it and asks this registry alone. Nothing that somebody pushed becomes a script,
 * a style or a frame of it, and no page of somebody else frames it.
 */
export const pageHeaders: HeaderList = [
  ...['X-Content-Type-Options', 'nosniff'],
  'Content-Security-Policy',
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ...['Cross-Origin-Resource-Policy', 'same-origin'],
  ...['Cross-Origin-Opener-Policy', 'same-origin'],
  ...['Referrer-Policy', 'no-referrer'],
];

export const catalogUrl = '/v2/_catalog';

export function blobUrl(name: RepositoryName, digest: Digest): string {
  return `/v2/${name}/blobs/${digest}`;
}

export function manifestUrl(name: RepositoryName, digest: Digest): string {
  return `/v2/${name}/manifests/${digest}`;
}

export function uploadUrl(name: RepositoryName, id: UploadId): string {
  return `/v2/${name}/blobs/uploads/${id}`;
}

export function tagsUrl(name: RepositoryName): string {
  return `/v2/${name}/tags/list`;
}

export function referrersUrl(name: RepositoryName, subject: Digest): string {
  return `/v2/${name}/referrers/${subject}`;
}

export function tagHistoryUrl(name: RepositoryName, tag: string): string {
  return `/v2/${name}/_oci/tag-history/${tag}`;
}

/** The spec bounds the sum of all warnings of an answer (distribution-spec, Warnings). */
const maxWarningBytes = 4096;

/** `299 - "text"`: the only form the spec allows (distribution-spec, Warnings). Cut to its bound; what no header may hold is replaced. */
export function warningHeader(text: string): string {
  const plain = text.replace(/\s+/g, ' ').replace(/[^\x20-\x7e]/g, '?');
  const room = maxWarningBytes - '299 - ""'.length;
  let quoted = '';
  for (const character of plain) {
    const next = character === '"' || character === '\\' ? `\\${character}` : character;
    if (quoted.length + next.length > room) break;
    quoted += next;
  }
  return `299 - "${quoted}"`;
}
