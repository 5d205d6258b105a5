// The images every server is given: manifests of about 2 KB that name one config and twelve layers, all of them small
// and the same everywhere, and differ in one annotation.

import { createHash } from 'node:crypto';

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const LAYERS = 12;

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function descriptorOf(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

const CONFIG = Buffer.from(
  JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }),
);
const LAYER_BYTES = Array.from({ length: LAYERS }, (_, layer) => Buffer.alloc(512, `layer ${layer} `));
const CONFIG_DESCRIPTOR = descriptorOf(OCI_CONFIG, CONFIG);
const LAYER_DESCRIPTORS = LAYER_BYTES.map((bytes) => descriptorOf(OCI_LAYER, bytes));

/** Every blob the manifests name: a repository that holds these can take any of them. */
export const IMAGE_BLOBS: readonly Buffer[] = [CONFIG, ...LAYER_BYTES];

/** The manifest called `name`; two names of up to 64 characters give two manifests of the same length. */
export function imageManifest(name: string): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: CONFIG_DESCRIPTOR,
      layers: LAYER_DESCRIPTORS,
      annotations: { 'org.opencontainers.image.version': name.padEnd(64) },
    }),
  );
}

/** A manifest over blobs of a workload's own, so that no server may take them for garbage. */
export function manifestOver(layers: readonly Descriptor[]): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: CONFIG_DESCRIPTOR, layers }));
}

/** A layer of some size with bytes of a workload's own. */
export function layerDescriptor(digest: string, size: number): Descriptor {
  return { mediaType: OCI_LAYER, digest, size };
}

export const REFERRER_TYPE = 'application/vnd.example.sbom.v1';
const EMPTY = Buffer.from('{}');
const EMPTY_DESCRIPTOR = descriptorOf('application/vnd.oci.empty.v1+json', EMPTY);

/** The one blob that referrers name, as config and as layer. */
export const REFERRER_BLOBS: readonly Buffer[] = [EMPTY];

/** An artifact that refers to `subject`, and the descriptor the referrers API has to list for it. */
export function referrer(subject: Descriptor, serial: number): { manifest: Buffer; descriptor: Descriptor } {
  const annotations = { 'org.opencontainers.image.title': `sbom-${String(serial).padStart(6, '0')}.json` };
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType: REFERRER_TYPE,
      config: EMPTY_DESCRIPTOR,
      layers: [EMPTY_DESCRIPTOR],
      subject,
      annotations,
    }),
  );
  return {
    manifest,
    descriptor: { ...descriptorOf(OCI_MANIFEST, manifest), artifactType: REFERRER_TYPE, annotations },
  };
}
