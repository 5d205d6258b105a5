// The tags under which cosign keeps what belongs to an image, beside or in place of referrers (cosign's signature specification,
// Tag-based Discovery): `sha256-<hex>.sig` and the like, where the digest is that of an index, of one of its images, or of a signature.
import { algorithmOf, type Digest, encodedOf, isDigest } from './digest.ts';
import { isTag, type Tag } from './reference.ts';

export type CosignKind = 'signature' | 'attestation' | 'sbom';

const suffixes: Readonly<Record<CosignKind, string>> = { signature: 'sig', attestation: 'att', sbom: 'sbom' };
const kinds = Object.keys(suffixes) as readonly CosignKind[];

export interface CosignTag {
  readonly tag: Tag;
  readonly kind: CosignKind;
}

/** Empty for a digest that is too long for a tag: of sha512 nothing can be kept so. */
export function cosignTagsOf(subject: Digest): readonly CosignTag[] {
  return kinds.flatMap((kind) => {
    const tag = `${algorithmOf(subject)}-${encodedOf(subject)}.${suffixes[kind]}`;
    return isTag(tag) ? [{ tag, kind }] : [];
  });
}

/** What such a tag says; undefined for any other tag. */
export function cosignTagParts(tag: Tag): { readonly subject: Digest; readonly kind: CosignKind } | undefined {
  const [, algorithm, encoded, suffix] = /^([a-z0-9]+)-([0-9a-f]+)\.([a-z]+)$/.exec(tag) ?? [];
  const subject = `${algorithm}:${encoded}`;
  const kind = kinds.find((each) => suffixes[each] === suffix);
  return kind !== undefined && isDigest(subject) ? { subject, kind } : undefined;
}
