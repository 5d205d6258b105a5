// What tests export: an image for two platforms with a signature and an approval of it, and what an export is asked for by.

import { parseReference, parseRepositoryName, parseTag } from '../../src/oci/reference.ts';
import type { ExportRequest } from '../../src/transfer/export-content.ts';
import { type ExportOptions, exportImages, type FileTarget } from '../../src/transfer/export-images.ts';
import { fullNameOf } from '../../src/transfer/export-name.ts';
import { parseExportTarget } from '../../src/transfer/export-target.ts';
import type { ImageSource } from '../../src/transfer/image-source.ts';
import { surroundingsOnDisk } from '../../src/transfer/surroundings-on-disk.ts';
import { blobOf, type Content, configType, type Image, imageIndex, imageManifest, referrerOf } from './content.ts';
import { MemorySource } from './memory-source.ts';
import { defaultRules } from './rules.ts';
import { silentLog } from './silent-log.ts';
import { noProgress } from './silent-progress.ts';

export const layer = blobOf('the layer that both platforms share');
export const amd64 = imageManifest({ layers: [layer], config: blobOf('{"architecture":"amd64"}', configType) });
export const arm64 = imageManifest({ layers: [layer], config: blobOf('{"architecture":"arm64"}', configType) });
export const index = platformIndex([amd64, 'amd64'], [arm64, 'arm64']);
export const signature = referrerOf(amd64, 'application/vnd.example.signature', { 'com.example.kind': 'signature' });
export const approval = referrerOf(signature, 'application/vnd.example.approval');

export function platformIndex(...images: readonly (readonly [image: Content, architecture: string])[]): Content {
  const manifests = images.map(([{ descriptor }, architecture]) => {
    const platform = { architecture, os: architecture === 'unknown' ? 'unknown' : 'linux' };
    return { descriptor: { ...descriptor, platform } };
  });
  return imageIndex({ manifests });
}

/** `team/app` with the index as `multi`, its first image as `v1`, and the referrers of that. */
export function signedImages(): MemorySource {
  return new MemorySource()
    .addImage('team/app', amd64, 'v1')
    .addImage('team/app', arm64)
    .addManifest('team/app', index, 'multi')
    .addImage('team/app', signature)
    .addImage('team/app', approval);
}

/** As cosign makes one: it says nothing of what it belongs to but its tag. */
export function cosigned(subject: Content, what: string): Image {
  const payload = blobOf(`${what} of ${subject.digest}`, 'application/vnd.dev.cosign.simplesigning.v1+json');
  return imageManifest({ layers: [payload], config: blobOf('{"architecture":"","os":""}', configType) });
}

export function cosignTag({ digest }: Pick<Content, 'digest'>, suffix: string): string {
  return `${digest.replace(':', '-')}.${suffix}`;
}

export const cosignIndex = cosigned(index, 'a signature');
export const cosignArm64 = cosigned(arm64, 'a signature');
export const cosignSbom = cosigned(index, 'an sbom');
export const cosignOfSbom = cosigned(cosignSbom, 'a signature');

/** `team/app:multi`, signed by cosign as a whole and in part, with an SBOM that is signed in turn. */
export function cosignedImages(): MemorySource {
  return signedImages()
    .addImage('team/app', cosignIndex, cosignTag(index, 'sig'))
    .addImage('team/app', cosignArm64, cosignTag(arm64, 'sig'))
    .addImage('team/app', cosignSbom, cosignTag(index, 'sbom'))
    .addImage('team/app', cosignOfSbom, cosignTag(cosignSbom, 'sig'));
}

/** All that cosign keeps there, by the tags that lead to it. */
export const cosignTags: readonly (readonly [tag: string, image: Image])[] = [
  [cosignTag(index, 'sig'), cosignIndex],
  [cosignTag(arm64, 'sig'), cosignArm64],
  [cosignTag(index, 'sbom'), cosignSbom],
  [cosignTag(cosignSbom, 'sig'), cosignOfSbom],
];

/** `NAME:TAG` or `NAME@DIGEST` of a source. */
export function requestFor(source: ImageSource, written: string): ExportRequest {
  const at = written.indexOf('@');
  const cut = at < 0 ? written.lastIndexOf(':') : at;
  const repository = parseRepositoryName(written.slice(0, cut));
  return {
    origin: { source, repository },
    reference: parseReference(written.slice(cut + 1)),
    fullName: fullNameOf(repository),
    ownName: repository,
    isAmongOthers: false,
    isOfAllTags: false,
    tag: at < 0 ? parseTag(written.slice(cut + 1)) : undefined,
  };
}

function fileTarget(path: string): FileTarget {
  const target = parseExportTarget(path, surroundingsOnDisk({ environment: {}, root: '', isRootGiven: false }));
  if (target.kind === 'registry' || target.kind === 'output') throw new Error(`${path} is on no disk`);
  return target;
}

export function exported(
  source: ImageSource,
  references: readonly string[],
  { target, ...options }: Partial<Omit<ExportOptions, 'target'>> & { readonly target: string },
) {
  return exportImages(
    references.map((written) => requestFor(source, written)),
    {
      profile: 'oci',
      referrers: undefined,
      platform: undefined,
      rules: defaultRules,
      log: silentLog,
      progress: noProgress,
      signal: new AbortController().signal,
      target: fileTarget(target),
      ...options,
    },
  );
}
