// What a manifest says that a layout must know: derived once from an immutable blob, whoever stored it.
import { type Annotations, annotationKeys } from './annotations.ts';
import type { Descriptor } from './descriptor.ts';
import { type Digest, isDigest } from './digest.ts';
import { type Manifest, referrerDescriptorOf, subjectOf } from './manifest.ts';
import { isManifestType } from './media-type.ts';

/** An entry of a referrers response. */
export interface Referrer {
  /** As it is listed; without its annotations while they are withheld. */
  readonly descriptor: Descriptor;
  /** Bytes of JSON of annotations that are not kept in memory: they are read from the manifest whenever it is listed. 0: none are. */
  readonly withheldBytes: number;
}

/** What is kept of a manifest for as long as an entry names it: some kilobytes at most, whatever the manifest holds. */
export interface KeptFacts extends Referrer {
  readonly subject: Digest | undefined;
  /** Of an index: what it lists; undefined when that is too much to keep. */
  readonly children: readonly Descriptor[] | undefined;
}

export interface ManifestFacts extends KeptFacts {
  readonly children: readonly Descriptor[];
}

/** 'none': it was read and is no manifest that we understand. */
export type KnownFacts = ManifestFacts | 'none';

/** Annotations are copied into responses (distribution-spec, Listing Referrers) unless their JSON is larger: a page would hold few others. */
export const maxListedAnnotationBytes = 1024 * 1024;
/** Nearly all are some hundred bytes: listing those reads no file. */
const maxKeptAnnotationBytes = 2 * 1024;
/** More than images have platforms and attestations. */
const maxKeptChildren = 24;
/** Measured: of the descriptor of a child, and of facts without any. */
const bytesOfChild = 200;
const bytesOfFacts = 600;

export function factsOf(manifest: Manifest, digest: Digest, size: number): ManifestFacts {
  const subject = subjectOf(manifest);
  const children = manifest.kind === 'index' ? manifest.manifests.flatMap((child) => childDescriptor(child)) : [];
  const { annotations, ...descriptor } = listedDescriptorOf(manifest, digest, size);
  if (annotations === undefined) return { subject, descriptor, withheldBytes: 0, children };
  const bytes = bytesOf(annotations);
  if (bytes > maxKeptAnnotationBytes) return { subject, descriptor, withheldBytes: bytes, children };
  return { subject, descriptor: { ...descriptor, annotations }, withheldBytes: 0, children };
}

/** What a list of referrers says of a manifest. Of what refers to nothing nobody lists the annotations. */
export function listedDescriptorOf(manifest: Manifest, digest: Digest, size: number): Descriptor {
  const { annotations, ...descriptor } = referrerDescriptorOf(manifest, digest, size);
  if (annotations === undefined || subjectOf(manifest) === undefined) return descriptor;
  const bytes = bytesOf(annotations);
  return { ...descriptor, annotations: bytes > maxListedAnnotationBytes ? omittedAnnotations(bytes) : annotations };
}

function bytesOf(annotations: Annotations): number {
  return Buffer.byteLength(JSON.stringify(annotations));
}

/** The JSON of what the facts withhold; undefined when that is nothing. */
export function withheldBy(facts: ManifestFacts, { annotations }: Manifest): Buffer | undefined {
  return facts.withheldBytes === 0 ? undefined : Buffer.from(JSON.stringify(annotations));
}

/** What is listed in place of annotations of so many bytes of JSON that cannot be. */
export function omittedAnnotations(bytes: number): Annotations {
  return { [annotationKeys.omitted]: String(bytes) };
}

export function keptOf(facts: ManifestFacts): KeptFacts {
  return facts.children.length > maxKeptChildren ? { ...facts, children: undefined } : facts;
}

/** False when more must be read to know its children. */
export function isWhole(facts: KeptFacts): facts is ManifestFacts {
  return facts.children !== undefined;
}

/** About what they take in memory. */
export function bytesInMemory(facts: KnownFacts): number {
  return facts === 'none' ? bytesOfFacts : bytesOfFacts + maxKeptAnnotationBytes + facts.children.length * bytesOfChild;
}

function childDescriptor({
  mediaType,
  digest,
  size,
}: {
  mediaType: string;
  digest: string;
  size: number;
}): readonly Descriptor[] {
  return isDigest(digest) && isManifestType(mediaType) ? [{ mediaType, digest, size }] : [];
}
