// What an export holds: images with their names, every manifest with its part, every blob once with where its bytes come from.
import { cosignTagParts } from '../oci/cosign-tag.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { parseManifest, subjectOf } from '../oci/manifest.ts';
import { listedDescriptorOf } from '../oci/manifest-facts.ts';
import { isImageConfigType } from '../oci/media-type.ts';
import type { Reference, RepositoryName, Tag } from '../oci/reference.ts';
import type { BlobOrigin, BlobToCopy } from './copy-content.ts';
import { CopyError } from './copy-error.ts';
import { ImageWalk, type WalkedManifest } from './copy-walk.ts';
import { hostPlatforms, imageForPlatform, type Platform } from './export-platform.ts';
import type { SourceManifest } from './image-source.ts';
import { manifestIfThere } from './manifest-if-there.ts';

/** One image that was asked for. */
export interface ExportRequest {
  readonly origin: BlobOrigin;
  readonly reference: Reference;
  /** With its registry. */
  readonly fullName: string;
  readonly tag: Tag | undefined;
  /** Its repository without the name of the layout or archive that it comes from. */
  readonly ownName: RepositoryName;
  /** It was named together with others, as a root or a layout of several repositories: one name would not do for all. */
  readonly isAmongOthers: boolean;
  /** It was named with all tags of its repository, those of cosign among them. */
  readonly isOfAllTags: boolean;
}

/** The image of one platform: config and layers, as manifest.json names them. */
export interface EngineImage {
  readonly config: Digest;
  readonly layers: readonly Digest[];
}

export interface ExportedImage {
  readonly digest: Digest;
  readonly fullName: string;
  readonly tag: Tag | undefined;
  /** Undefined for what no engine can run. */
  readonly engineImage: EngineImage | undefined;
  /** What cosign keeps under a tag, unless it was asked for by that: it comes along, and no engine is to take it for an image. */
  readonly isSignature: boolean;
}

export interface ExportedManifest {
  readonly role: WalkedManifest['role'];
  /** As a referrers response lists it. */
  readonly descriptor: Descriptor;
  readonly subject: Digest | undefined;
  readonly origin: BlobOrigin;
}

export interface ExportedBlob extends BlobToCopy {
  readonly origin: BlobOrigin;
}

export interface ExportContent {
  readonly images: readonly ExportedImage[];
  readonly manifests: ReadonlyMap<Digest, ExportedManifest>;
  readonly blobs: ReadonlyMap<Digest, ExportedBlob>;
}

export interface CollectOptions {
  readonly referrers: boolean;
  /** Of an index, only the image of this platform. */
  readonly platform: Platform | undefined;
  readonly note: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Reads manifests only. Throws CopyError, MANIFEST_UNKNOWN, NAME_UNKNOWN. */
export async function collectContent(
  requests: readonly ExportRequest[],
  options: CollectOptions,
): Promise<ExportContent> {
  const images: ExportedImage[] = [];
  const tagged: ExportedImage[] = [];
  const manifests = new Map<Digest, ExportedManifest>();
  const blobs = new Map<Digest, ExportedBlob>();
  const walks = new Map<string, ImageWalk>();
  for (const { origin, reference, fullName, tag, isOfAllTags } of requests) {
    const place = `${origin.source.description} ${origin.repository}`;
    const cosignTags = options.referrers && !isOfAllTags;
    const walk = walks.get(place) ?? new ImageWalk(origin.source, origin.repository, { ...options, cosignTags });
    walks.set(place, walk);
    const root = await chosenRoot(await walk.root(reference), origin, options.platform);
    for await (const walked of walk.from(root)) {
      options.signal.throwIfAborted();
      if (!manifests.has(walked.digest)) manifests.set(walked.digest, exportedManifest(walked, origin));
      for (const blob of walked.blobs) addBlob(blobs, { ...blob, origin });
      if (walked.tag === undefined) continue;
      asImage(manifests, walked.digest);
      tagged.push({ digest: walked.digest, fullName, tag: walked.tag, engineImage: undefined, isSignature: true });
    }
    asImage(manifests, root.digest);
    images.push({
      digest: root.digest,
      fullName,
      tag,
      engineImage: hasCosignTag(tag) ? undefined : await engineImageOf(root, origin),
      isSignature: isOfAllTags && hasCosignTag(tag),
    });
  }
  // After what was asked for: some tools take the first image of a layout (docs/layouts.md#tags-and-untagged-manifests).
  const [signatures, others] = [images.filter(isSignature), images.filter((image) => !isSignature(image))];
  return { images: [...others, ...signatures, ...tagged], manifests, blobs };
}

function isSignature(image: ExportedImage): boolean {
  return image.isSignature;
}

/** It may have been met before, as the child of another image that was asked for, or as a referrer. */
function asImage(manifests: Map<Digest, ExportedManifest>, digest: Digest): void {
  const known = manifests.get(digest);
  if (known !== undefined) manifests.set(digest, { ...known, role: 'image' });
}

async function chosenRoot(
  root: SourceManifest,
  origin: BlobOrigin,
  platform: Platform | undefined,
): Promise<SourceManifest> {
  if (platform === undefined) return root;
  const chosen = await imageForPlatform(root, [platform], readerOf(origin), { orAny: false });
  if (chosen !== undefined) return chosen;
  throw new CopyError(
    `${origin.repository}: there is no image for ${platform.os}/${platform.architecture} in ${root.digest}`,
  );
}

function exportedManifest(walked: WalkedManifest, origin: BlobOrigin): ExportedManifest {
  const { manifest, digest, bytes, role } = walked;
  const descriptor = listedDescriptorOf(manifest, digest, bytes.byteLength);
  return { role, subject: subjectOf(manifest), origin, descriptor };
}

function addBlob(blobs: Map<Digest, ExportedBlob>, blob: ExportedBlob): void {
  const known = blobs.get(blob.digest);
  if (known !== undefined && known.size !== blob.size) {
    throw new CopyError(`${blob.digest} has ${known.size} bytes by one manifest and ${blob.size} by another`);
  }
  // What one image may do without, another may need.
  if (known === undefined || known.optional) blobs.set(blob.digest, blob);
}

/** Its config says that it is an image, which no engine can run: cosign writes it so. */
function hasCosignTag(tag: Tag | undefined): boolean {
  return tag !== undefined && cosignTagParts(tag) !== undefined;
}

async function engineImageOf(root: SourceManifest, origin: BlobOrigin): Promise<EngineImage | undefined> {
  const image = await imageForPlatform(root, hostPlatforms, readerOf(origin), { orAny: true });
  const manifest = image && parseManifest(image.bytes, image.mediaType);
  if (manifest?.kind !== 'image' || !isImageConfigType(manifest.config.mediaType)) return undefined;
  const digests = [manifest.config, ...manifest.layers].map(({ digest }) => digest).filter(isDigest);
  const [config, ...layers] = digests;
  return config === undefined || layers.length < manifest.layers.length ? undefined : { config, layers };
}

function readerOf({ source, repository }: BlobOrigin) {
  return (digest: Digest) => manifestIfThere(source, repository, { kind: 'digest', digest });
}
