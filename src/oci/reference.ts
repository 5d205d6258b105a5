// Repository names, tags and references (distribution-spec, Pulling Manifests): the grammar, anchored and in one place.
import type { Brand } from './brand.ts';
import { type Digest, parseDigest } from './digest.ts';
import { RegistryError } from './error-code.ts';

export type RepositoryName = Brand<string, 'RepositoryName'>;
export type Tag = Brand<string, 'Tag'>;

/** What a manifest is asked for by: the spec's `<tag-or-digest>`, discriminated once and for all. */
export type Reference =
  | { readonly kind: 'tag'; readonly tag: Tag }
  | { readonly kind: 'digest'; readonly digest: Digest };

/** Clients cap `host/name` at 255 characters; the name alone may not be longer either (distribution-spec, note on names). */
export const maxNameLength = 255;

const alphaNumeric = '[a-z0-9]+';
const separator = '(?:\\.|_|__|-+)';
const nameComponent = `${alphaNumeric}(?:${separator}${alphaNumeric})*`;
const namePattern = new RegExp(`^${nameComponent}(?:/${nameComponent})*$`);
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Legal by the grammar, but members of a layout: repository `a/blobs` would live inside the layout of `a`. */
const reservedComponent = /(?:^|\/)(blobs|index\.json|oci-layout)(?:\/|$)/;

export function isRepositoryName(text: string): text is RepositoryName {
  return text.length <= maxNameLength && namePattern.test(text) && !reservedComponent.test(text);
}

/** Refuses with NAME_INVALID (400). */
export function parseRepositoryName(text: string): RepositoryName {
  if (isRepositoryName(text)) return text;
  throw new RegistryError('NAME_INVALID', { detail: whyNotAName(text) });
}

function whyNotAName(text: string): string {
  if (text.length > maxNameLength) return `longer than ${maxNameLength} characters`;
  const reserved = reservedComponent.exec(text)?.[1];
  if (reserved !== undefined) return `the component "${reserved}" is reserved for the files of an image layout`;
  return 'components are lower-case letters and digits, separated by one of . _ __ or dashes, and joined by /';
}

export function isTag(text: string): text is Tag {
  return tagPattern.test(text);
}

/** Refuses with MANIFEST_INVALID (400): the answer to a bad tag in a push. */
export function parseTag(text: string): Tag {
  if (isTag(text)) return text;
  throw new RegistryError('MANIFEST_INVALID', { message: 'invalid tag', detail: `a tag matches ${tagPattern.source}` });
}

/** For pushes: a bad digest is DIGEST_INVALID (400), a bad tag MANIFEST_INVALID (400). A tag cannot hold a colon, so the colon decides. */
export function parseReference(text: string): Reference {
  return text.includes(':') ? { kind: 'digest', digest: parseDigest(text) } : { kind: 'tag', tag: parseTag(text) };
}

/** For pulls and deletes: what cannot be a tag names nothing, so it is MANIFEST_UNKNOWN (404), as the 1.1 suite demands; a bad digest is 400. */
export function parsePulledReference(text: string): Reference {
  if (text.includes(':')) return { kind: 'digest', digest: parseDigest(text) };
  if (isTag(text)) return { kind: 'tag', tag: text };
  throw new RegistryError('MANIFEST_UNKNOWN', { detail: 'not a valid tag' });
}
