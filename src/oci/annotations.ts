// Annotation keys that we write, understand or tell tools by, each with the tool that owns it: spelled nowhere else. None of ours is
// under org.opencontainers (reserved prefix).

/** What everything of ours is named below that others must tell from theirs: annotations, and types of events. */
export const ownNamespace = 'io.moorage';

export const annotationKeys = {
  /** The tag of an entry of index.json (image-spec, annotations.md). */
  refName: 'org.opencontainers.image.ref.name',
  /** The full name of an image: docker save, containerd's export, BuildKit, hauler. */
  imageName: 'io.containerd.image.name',
  created: 'org.opencontainers.image.created',
  /** containerd >= 2.2, docker >= 29.1, buildx: the entry is a referrer of this digest. */
  containerdSubject: 'io.containerd.manifest.subject',
  /** olareg: the entry is the referrers response of this digest. */
  olaregSubject: 'org.olareg.referrer.subject',
  /** olareg, on index.json itself: "true" once its referrers are kept as responses. */
  olaregConvert: 'org.olareg.referrer.convert',
  /** olareg, on index.json itself: what it did to the layout. */
  olaregHistory: 'org.olareg.history',
  /** image-spec PR #1171: written by nobody today, read by us. */
  proposedSubject: 'org.opencontainers.image.referrer.subject',
  /** The image that this one was built on; zarf: the name of the image itself. */
  baseName: 'org.opencontainers.image.base.name',
  /** BuildKit, on a descriptor in an index: `attestation-manifest` for what it attests of a platform. */
  dockerReferenceType: 'vnd.docker.reference.type',
  /** BuildKit, beside it: the digest of that platform. */
  dockerReferenceDigest: 'vnd.docker.reference.digest',
  /** Ours, in layouts for engines: the full name of what they must not take for an image by its name, such as a signature of cosign. */
  ownName: 'io.moorage.image.name',
  /** Ours, in a list of referrers: how many bytes of JSON the annotations of the manifest have, which are too many to be copied. */
  omitted: 'io.moorage.annotations.omitted',
  /** distribution-spec PR 606, in the history of a tag: when it moved, as RFC 3339 has it. */
  tagTimestamp: 'org.opencontainers.distribution.tag.timestamp',
  /** The same: `created` or `deleted`. */
  tagEvent: 'org.opencontainers.distribution.tag.event',
  /** Ours, beside them: how it moved. */
  tagHow: 'io.moorage.tag.how',
} as const;

export type Annotations = Readonly<Record<string, string>>;

/** True for what BuildKit lists in an index about one of its platforms (BuildKit, docs/attestations/attestation-storage.md). */
export function isAttestation(annotations: Annotations | undefined): boolean {
  return annotations?.[annotationKeys.dockerReferenceType] === 'attestation-manifest';
}

/** The value of `created`: RFC 3339 to the second, as the other tools write it. */
export function createdAt(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
}
