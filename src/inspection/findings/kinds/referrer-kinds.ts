// Findings about referrers: what some tools find and others do not.
import type { FindingKind } from './finding-kind.ts';

const reconciles = 'moorage reconcile lists it for every tool';

export const referrerKinds = {
  'wrong-subject-size': {
    severity: 'error',
    why: 'a referrer says another size of its subject than it has: oras refuses the whole layout',
    remedy: 'attach it again',
  },
  'missing-subject': {
    severity: 'note',
    why: 'what it refers to is not there: it is listed all the same, and the collector of older oras does not end',
    remedy: 'nothing, or copy the subject as well',
  },
  'raw-referrer': {
    severity: 'warning',
    hides: true,
    why: 'nothing leads to this referrer but a look into every blob (cosign save v3, umoci): other tools do not find it, and any collector deletes it',
    remedy: 'serve with --scan; moorage reconcile --scan lists it for every tool',
  },
  'unlisted-referrer': {
    severity: 'note',
    why: 'no entry lists the referrer (regclient, olareg): oras, notation, zot, docker and containerd do not find it',
    remedy: reconciles,
  },
  'unlisted-child': {
    severity: 'note',
    why: 'no entry lists a manifest of an index (skopeo, regctl, docker): zot does not serve it, oras does not resolve its digest',
    remedy: reconciles,
  },
  'unmarked-referrer': {
    severity: 'note',
    why: 'its entry does not say what it refers to (oras, zot): docker and containerd do not take it along with the image',
    remedy: reconciles,
  },
  'missing-response': {
    severity: 'note',
    why: 'the subject has no referrers response: regctl, and olareg where the layout is its own, find no referrers of it',
    remedy: 'moorage reconcile writes it',
  },
  'stale-response': {
    severity: 'warning',
    why: 'the referrers response lists other referrers than there are: regctl or olareg find what is gone, or miss what is new',
    remedy: 'moorage reconcile writes it anew',
  },
  'attestation-without-subject': {
    severity: 'note',
    why: 'a BuildKit attestation in the index of its image: docker and buildx show it, the referrers API cannot list it',
    remedy: 'nothing; docker buildx build --output type=oci,oci-artifact=true writes it with a subject',
  },
} as const satisfies Readonly<Record<string, FindingKind>>;
