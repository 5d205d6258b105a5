// Findings about what entries of index.json are called.
import { annotationKeys } from '../../../oci/annotations.ts';
import type { FindingKind } from './finding-kind.ts';

export const nameKinds = {
  'unusable-name': {
    severity: 'warning',
    hides: true,
    why: 'the name is neither a tag nor an image name that a client can ask for: it is found by digest only',
    remedy: 'tag it anew: oras tag --oci-layout LAYOUT@DIGEST NAME',
  },
  'upper-case-name': {
    severity: 'warning',
    hides: true,
    why: 'repository names are lower case: no client can ask for this one, and it is found by digest only',
    remedy: 'tag it anew in lower case',
  },
  'name-without-tag': {
    severity: 'note',
    hides: true,
    why: 'the entry has the name of a repository and no tag: it is found by digest only',
    remedy: 'nothing where it is pulled by digest; else tag it',
  },
  'hidden-duplicate': {
    severity: 'warning',
    hides: true,
    why: 'several entries have this name and mean different images: oras, ctr and moorage take the last, regctl, skopeo, zot and buildx the first',
    remedy: 'push or tag the one that is meant; layouts.duplicates: first takes the other; the digest finds this one',
  },
  'repeated-entry': {
    severity: 'note',
    why: 'the same entry stands more than once, as crane pull and BuildKit append it: umoci calls the tag ambiguous',
    remedy: 'nothing: the next push of the tag leaves one',
  },
  'untagged-image': {
    severity: 'note',
    why: 'an image that no tag leads to (ko, crane and buildx write images without names): it is found by digest only',
    remedy: 'pull it by this digest; to give it a name: oras tag --oci-layout LAYOUT@DIGEST NAME',
  },
  'several-names': {
    severity: 'note',
    why: 'one annotation has several names (BuildKit): each is served here, and other tools find none of them',
    remedy: 'nothing: the next push makes an entry of each',
  },
  'name-of-base': {
    severity: 'note',
    why: `the image is named in ${annotationKeys.baseName} alone, as zarf did: no other tool finds it by that name`,
    remedy: 'nothing where moorage or zarf serve it; else tag it',
  },
  'disagreeing-names': {
    severity: 'note',
    why: `${annotationKeys.imageName} and ref.name give different tags: docker and containerd go by the one, oras and skopeo by the other`,
    remedy: 'tag it anew',
  },
  'auxiliary-name': {
    severity: 'note',
    why: 'a signature or attestation carries the name of its image (hauler, cosign): oras and ctr may take it for the image itself',
    remedy: 'nothing: the name leads to the image here',
  },
  'hidden-referrers-tag': {
    severity: 'note',
    why: 'a referrers tag (regclient): it serves clients without the referrers API, and is not listed among the tags',
    remedy: 'nothing: it answers when it is asked for',
  },
  'ordinary-referrers-tag': {
    severity: 'note',
    why: 'it looks like a referrers tag but is not one: it is listed among the tags, and no response will take its place',
    remedy: 'give it another name; clients without the referrers API look there',
  },
  'implied-latest': {
    severity: 'note',
    why: 'the only image has no name (crane, skopeo, cosign): it is served as latest',
    remedy: 'nothing; layouts.unnamed: hidden turns it off',
  },
  'several-repositories': {
    severity: 'note',
    why: 'full names of several repositories: each is served as a repository of its own below this one',
    remedy: 'nothing; layouts.registryHost: keep lists them with their registry',
  },
} as const satisfies Readonly<Record<string, FindingKind>>;
