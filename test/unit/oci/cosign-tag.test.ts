// The tags under which cosign keeps signatures, attestations and SBOMs.
import { expect, it } from 'vitest';
import { cosignTagParts, cosignTagsOf } from '../../../src/oci/cosign-tag.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import type { Tag } from '../../../src/oci/reference.ts';

const subject = digestOf(Buffer.from('an image'));
const hex = subject.slice('sha256:'.length);

it('are made of a digest, and say it', () => {
  const tags = cosignTagsOf(subject);
  expect(tags).toEqual([
    { tag: `sha256-${hex}.sig`, kind: 'signature' },
    { tag: `sha256-${hex}.att`, kind: 'attestation' },
    { tag: `sha256-${hex}.sbom`, kind: 'sbom' },
  ]);
  for (const { tag, kind } of tags) expect(cosignTagParts(tag)).toEqual({ subject, kind });
});

it('cannot be of sha512, which is too long for a tag', () => {
  expect(cosignTagsOf(digestOf(Buffer.from('an image'), 'sha512'))).toEqual([]);
});

it.each([
  `sha256-${hex}`,
  `sha256-${hex}.other`,
  `sha256-${hex}.sig.sig`,
  `sha256-${hex.slice(1)}.sig`,
  `sha1-${hex}.sig`,
  `sha256-${hex.toUpperCase()}.sig`,
  'v1',
  'constructor-00.sig',
])('%s is none', (tag) => {
  expect(cosignTagParts(tag as Tag)).toBeUndefined();
});
