// What tests push, as functions: blobs, image manifests, image indexes, each with its digest and the descriptor that names it.
import type { Annotations } from '../../src/oci/annotations.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { type Digest, type DigestAlgorithm, digestOf } from '../../src/oci/digest.ts';
import { parseManifest } from '../../src/oci/manifest.ts';
import { factsOf, type ManifestFacts } from '../../src/oci/manifest-facts.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';

export interface Content {
  readonly bytes: Buffer;
  readonly digest: Digest;
  readonly descriptor: Descriptor;
}

export const layerType = 'application/vnd.oci.image.layer.v1.tar';
export const configType = 'application/vnd.oci.image.config.v1+json';

export function contentOf(bytes: Buffer, mediaType: string, algorithm: DigestAlgorithm = 'sha256'): Content {
  const digest = digestOf(bytes, algorithm);
  return { bytes, digest, descriptor: { mediaType, digest, size: bytes.byteLength } };
}

export function blobOf(text: string, mediaType: string = layerType, algorithm: DigestAlgorithm = 'sha256'): Content {
  return contentOf(Buffer.from(text), mediaType, algorithm);
}

export interface ManifestOptions {
  readonly subject?: Digest | Content;
  readonly artifactType?: string;
  readonly annotations?: Annotations;
  readonly algorithm?: DigestAlgorithm;
  /** Members that no spec knows. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export interface ImageOptions extends ManifestOptions {
  /** So many of its own, or these. */
  readonly layers?: number | readonly Content[];
  readonly config?: Content;
  readonly mediaType?: string;
}

export interface Image extends Content {
  readonly config: Content;
  readonly layers: readonly Content[];
}

/** Two images are the same when their options are: tell them apart by an annotation, or by their layers. */
export function imageManifest(options: ImageOptions = {}): Image {
  const { layers: wanted = 1, config = blobOf('{}', configType), mediaType = mediaTypes.imageManifest } = options;
  const layers = typeof wanted === 'number' ? Array.from({ length: wanted }, (_, at) => blobOf(`layer ${at}`)) : wanted;
  const bytes = manifestBytes(mediaType, options, {
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  });
  return { ...contentOf(bytes, mediaType, options.algorithm), config, layers };
}

export interface IndexOptions extends ManifestOptions {
  readonly manifests?: readonly Pick<Content, 'descriptor'>[];
}

export function imageIndex(options: IndexOptions = {}): Content {
  const { manifests = [] } = options;
  const bytes = manifestBytes(mediaTypes.imageIndex, options, {
    manifests: manifests.map(({ descriptor }) => descriptor),
  });
  return contentOf(bytes, mediaTypes.imageIndex, options.algorithm);
}

/** An artifact that refers to `subject`. */
export function referrerOf(subject: Digest | Content, artifactType: string, annotations: Annotations = {}): Image {
  return imageManifest({ subject, artifactType, annotations, layers: [] });
}

export interface Artifact extends Content {
  readonly blobs: readonly Content[];
}

/** As oras 1.0 and notation before 1.0 wrote artifacts (image-spec 1.1.0-rc2): without schemaVersion and config. */
export function artifactManifest(blobs: readonly Content[], subject?: Content): Artifact {
  const { mediaType, artifactType } = { mediaType: mediaTypes.artifactManifest, artifactType: 'application/sbom' };
  const listed = blobs.map(({ descriptor }) => descriptor);
  const json = JSON.stringify({ mediaType, artifactType, blobs: listed, subject: subject?.descriptor });
  return { ...contentOf(Buffer.from(json), mediaType), blobs };
}

/** What a layout must know of it. */
export function factsIn({ bytes, digest, descriptor }: Content): ManifestFacts {
  return factsOf(parseManifest(bytes, descriptor.mediaType), digest, bytes.byteLength);
}

function manifestBytes(mediaType: string, options: ManifestOptions, content: object): Buffer {
  const { subject, artifactType, annotations, extra } = options;
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      artifactType,
      ...content,
      subject: subject === undefined ? undefined : subjectDescriptor(subject),
      annotations,
      ...extra,
    }),
  );
}

/** The size of what nobody pushed cannot be known, and does not matter. */
function subjectDescriptor(subject: Digest | Content): Descriptor {
  if (typeof subject !== 'string') return subject.descriptor;
  return { mediaType: mediaTypes.imageManifest, digest: subject, size: 1 };
}
