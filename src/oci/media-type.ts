// Media types of manifests and indexes, OCI and Docker schema 2, of artifact manifests, and the essence of a Content-Type header.

export const mediaTypes = {
  imageManifest: 'application/vnd.oci.image.manifest.v1+json',
  imageIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  /** Of image-spec 1.1 before its release: notation and oras stored signatures and SBOMs so, and registries still have them. */
  artifactManifest: 'application/vnd.oci.artifact.manifest.v1+json',
  imageConfig: 'application/vnd.oci.image.config.v1+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  octetStream: 'application/octet-stream',
} as const;

const imageManifestTypes: ReadonlySet<string> = new Set([mediaTypes.imageManifest, mediaTypes.dockerManifest]);
const imageIndexTypes: ReadonlySet<string> = new Set([mediaTypes.imageIndex, mediaTypes.dockerManifestList]);

/** Layers that need not be in the registry (image-spec, layer.md, Non-Distributable Layers; Docker's foreign layers). */
const nonDistributable =
  /^application\/vnd\.(?:oci\.image\.layer\.nondistributable\.v1\.tar(?:\+gzip|\+zstd)?|docker\.image\.rootfs\.foreign\.diff\.tar(?:\.gzip)?)$/;

export function isImageManifestType(mediaType: string): boolean {
  return imageManifestTypes.has(mediaType);
}

export function isImageIndexType(mediaType: string): boolean {
  return imageIndexTypes.has(mediaType);
}

export function isArtifactManifestType(mediaType: string): boolean {
  return mediaType === mediaTypes.artifactManifest;
}

export function isManifestType(mediaType: string): boolean {
  return isImageManifestType(mediaType) || isImageIndexType(mediaType) || isArtifactManifestType(mediaType);
}

export function isImageConfigType(mediaType: string): boolean {
  return mediaType === mediaTypes.imageConfig || mediaType === mediaTypes.dockerConfig;
}

export function isNonDistributableType(mediaType: string): boolean {
  return nonDistributable.test(mediaType);
}

/** The type without parameters: registries SHOULD ignore them (distribution-spec, Pushing Manifests). */
export function mediaTypeEssence(contentType: string): string {
  const semicolon = contentType.indexOf(';');
  return (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim();
}
