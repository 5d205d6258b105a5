// Content to push: blobs with their digests, manifests and indexes as exact bytes. Made fresh for every check, so that
// nothing an earlier run left behind can answer for it.
import { createHash, randomBytes } from 'node:crypto';

export type Algorithm = 'sha256' | 'sha512';

export const mediaTypes = {
  imageManifest: 'application/vnd.oci.image.manifest.v1+json',
  imageIndex: 'application/vnd.oci.image.index.v1+json',
  imageConfig: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  nonDistributableLayer: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
  nonDistributableLayerGzip: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  emptyJson: 'application/vnd.oci.empty.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

/** What clients send with every pull of a manifest (distribution-spec: SHOULD); some registries hide OCI types without it. */
export const acceptManifests: string = [
  mediaTypes.imageManifest,
  mediaTypes.imageIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerManifestList,
].join(', ');

export interface Blob {
  readonly bytes: Buffer;
  readonly digest: string;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly [field: string]: unknown;
}

export interface Manifest extends Blob {
  readonly mediaType: string;
}

export function digestOf(bytes: Uint8Array, algorithm: Algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

export function blobOf(content: Uint8Array | string, algorithm: Algorithm = 'sha256'): Blob {
  const bytes = Buffer.from(content);
  return { bytes, digest: digestOf(bytes, algorithm) };
}

export function randomBlob(sizeBytes = 512, algorithm: Algorithm = 'sha256'): Blob {
  return blobOf(randomBytes(sizeBytes), algorithm);
}

/** A digest of nothing that was ever pushed. */
export function absentDigest(algorithm: Algorithm = 'sha256'): string {
  return digestOf(randomBytes(32), algorithm);
}

export function descriptorOf(blob: Blob, mediaType: string, fields: Record<string, unknown> = {}): Descriptor {
  return { mediaType, digest: blob.digest, size: blob.bytes.length, ...fields };
}

/** What a `subject` field or an index names a manifest by. */
export function descriptorOfManifest(manifest: Manifest, fields: Record<string, unknown> = {}): Descriptor {
  return descriptorOf(manifest, manifest.mediaType, fields);
}

export interface ManifestOptions {
  readonly algorithm?: Algorithm;
  /** Top-level fields beside the usual ones; a field set to undefined is left out. */
  readonly fields?: Record<string, unknown>;
}

/** The bytes are indented on purpose: a registry that parses and prints them again changes the digest. */
export function manifestOf(json: object, mediaType: string, algorithm: Algorithm = 'sha256'): Manifest {
  return { ...blobOf(`${JSON.stringify(json, undefined, 3)}\n`, algorithm), mediaType };
}

export interface Image {
  readonly config: Blob;
  readonly layers: readonly Blob[];
  readonly manifest: Manifest;
}

export interface ImageOptions extends ManifestOptions {
  readonly config?: Blob;
  readonly configType?: string;
  readonly layers?: readonly Blob[];
  readonly layerType?: string;
}

/** An image with two layers unless told otherwise. */
export function imageOf(options: ImageOptions = {}): Image {
  const { algorithm = 'sha256', configType = mediaTypes.imageConfig, layerType = mediaTypes.layerGzip } = options;
  const layers = options.layers ?? [randomBlob(512, algorithm), randomBlob(700, algorithm)];
  const config = options.config ?? blobOf(imageConfig(layers), algorithm);
  const json = {
    schemaVersion: 2,
    mediaType: mediaTypes.imageManifest,
    config: descriptorOf(config, configType),
    layers: layers.map((layer) => descriptorOf(layer, layerType)),
    ...options.fields,
  };
  return { config, layers, manifest: manifestOf(json, mediaTypes.imageManifest, algorithm) };
}

function imageConfig(layers: readonly Blob[]): string {
  const author = randomBytes(8).toString('hex');
  const rootfs = { type: 'layers', diff_ids: layers.map((layer) => layer.digest) };
  return JSON.stringify({ author, architecture: 'amd64', os: 'linux', rootfs });
}

export const emptyJsonBlob: Blob = blobOf('{}');

/** An artifact: the empty config, its type in `artifactType`, unique by an annotation. */
export function artifactOf(artifactType: string, fields: Record<string, unknown> = {}): Image {
  const { annotations, ...others } = fields;
  const unique = { 'org.example.unique': randomBytes(8).toString('hex') };
  return imageOf({
    config: emptyJsonBlob,
    configType: mediaTypes.emptyJson,
    layers: [emptyJsonBlob],
    layerType: mediaTypes.emptyJson,
    fields: { artifactType, annotations: annotations ?? unique, ...others },
  });
}

/** A referrer of `subject` that needs no blob but the empty one. */
export function referrerOf(subject: Manifest, artifactType: string, fields: Record<string, unknown> = {}): Image {
  return artifactOf(artifactType, { subject: descriptorOfManifest(subject), ...fields });
}

export function indexOf(manifests: readonly (Manifest | Descriptor)[], options: ManifestOptions = {}): Manifest {
  const json = {
    schemaVersion: 2,
    mediaType: mediaTypes.imageIndex,
    manifests: manifests.map((each) => ('bytes' in each ? descriptorOfManifest(each as Manifest) : each)),
    ...options.fields,
  };
  return manifestOf(json, mediaTypes.imageIndex, options.algorithm);
}
