// Which media types are manifests, and which layers need not be here.
import { describe, expect, it } from 'vitest';
import {
  isImageIndexType,
  isImageManifestType,
  isManifestType,
  isNonDistributableType,
  mediaTypeEssence,
  mediaTypes,
} from '../../../src/oci/media-type.ts';

describe('manifest types', () => {
  it('are image manifests and indexes, of OCI and of Docker, and artifact manifests', () => {
    expect([mediaTypes.imageManifest, mediaTypes.dockerManifest].every(isImageManifestType)).toBe(true);
    expect([mediaTypes.imageIndex, mediaTypes.dockerManifestList].every(isImageIndexType)).toBe(true);
    expect([mediaTypes.imageManifest, mediaTypes.dockerManifest].some(isImageIndexType)).toBe(false);
    expect(isManifestType(mediaTypes.artifactManifest)).toBe(true);
    expect([isImageManifestType, isImageIndexType].some((is) => is(mediaTypes.artifactManifest))).toBe(false);
  });

  it.each([
    'application/vnd.docker.distribution.manifest.v1+json',
    'application/vnd.docker.distribution.manifest.v1+prettyjws',
    'application/json',
    'application/vnd.oci.image.manifest.v1+json; charset=utf-8',
    'Application/vnd.oci.image.manifest.v1+json',
    '',
  ])('are not %j', (type) => {
    expect(isManifestType(type)).toBe(false);
  });
});

describe('isNonDistributableType', () => {
  it.each([
    'application/vnd.oci.image.layer.nondistributable.v1.tar',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
    'application/vnd.docker.image.rootfs.foreign.diff.tar',
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  ])('is true of %s', (type) => {
    expect(isNonDistributableType(type)).toBe(true);
  });

  it.each([
    'application/vnd.oci.image.layer.v1.tar+gzip',
    'application/vnd.docker.image.rootfs.diff.tar.gzip',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+bzip2',
    'x-application/vnd.oci.image.layer.nondistributable.v1.tar',
  ])('is false of %s', (type) => {
    expect(isNonDistributableType(type)).toBe(false);
  });
});

describe('mediaTypeEssence', () => {
  it.each([
    ['a/b', 'a/b'],
    ['a/b; charset=utf-8', 'a/b'],
    [' a/b ;x', 'a/b'],
    [';', ''],
    ['', ''],
  ])('of %j is %j', (header, essence) => {
    expect(mediaTypeEssence(header)).toBe(essence);
  });
});
