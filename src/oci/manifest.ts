// Manifests: image manifests and image indexes, OCI and Docker schema 2 (image-spec, manifest.md and image-index.md), and the
// artifact manifests that image-spec 1.1 had before its release.
// Parsing reads what a registry must know; the stored bytes are always the pushed bytes.
import { z } from 'zod';
import type { BlobReference, Descriptor, DescriptorReference } from './descriptor.ts';
import { type Digest, isDigest, isDigestLike } from './digest.ts';
import { RegistryError } from './error-code.ts';
import {
  isArtifactManifestType,
  isImageConfigType,
  isImageIndexType,
  isManifestType,
  isNonDistributableType,
  mediaTypes,
} from './media-type.ts';

interface ManifestCommon {
  /** The type it is served with: the request's, the body's, or inferred, in that order. */
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly subject?: DescriptorReference;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ImageManifest extends ManifestCommon {
  readonly kind: 'image';
  readonly config: DescriptorReference;
  readonly layers: readonly DescriptorReference[];
}

export interface ImageIndex extends ManifestCommon {
  readonly kind: 'index';
  readonly manifests: readonly DescriptorReference[];
}

/** It names blobs, no config, and says its type itself (image-spec 1.1.0-rc2). */
export interface ArtifactManifest extends ManifestCommon {
  readonly kind: 'artifact';
  readonly blobs: readonly DescriptorReference[];
}

export type Manifest = ImageManifest | ImageIndex | ArtifactManifest;

/** One issue, however many are wrong: zod's own record collects one for each, and a manifest of 4 MB has a million. */
const annotations = z.custom<Record<string, string>>().superRefine((value: unknown, context) => {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const wrong = isObject ? Object.entries(value).find(([, each]) => typeof each !== 'string') : [];
  if (wrong !== undefined) context.addIssue({ code: 'custom', message: 'expected text', path: wrong.slice(0, 1) });
});
/** Each is parsed by itself, so that the first wrong one is the last: see above. */
const descriptors = z.array(z.unknown());
const descriptor = z.looseObject({
  mediaType: z.string().min(1).max(255),
  // Of an algorithm that nobody registered the encoded part may be anything; a sha256 one has a form (image-spec, Digests).
  digest: z
    .string()
    .refine((text) => isDigest(text) || (isDigestLike(text) && !/^sha(256|512):/.test(text)), 'not a digest'),
  size: z.int().nonnegative(),
  annotations: annotations.nullish(),
});
const common = {
  mediaType: z.string().optional(),
  // A media type (RFC 6838, 4.2: two names of at most 127 characters); it is kept in memory with each manifest.
  artifactType: z.string().max(255).nullish(),
  subject: descriptor.nullish(),
  annotations: annotations.nullish(),
};
const schemaVersion = z.literal(2);
const imageManifest = z.looseObject({ ...common, schemaVersion, config: descriptor, layers: descriptors });
const imageIndex = z.looseObject({ ...common, schemaVersion, manifests: descriptors });
const artifactManifest = z.looseObject({ ...common, blobs: descriptors.nullish() });

/** What every registry should take, and some take no more (distribution-spec, Pushing Manifests). */
export const portableManifestBytes = 4 * 1024 * 1024;
/** The config of an image has some kilobytes: a larger one is not read for what it says. */
export const maxImageConfigBytes = 4 * 1024 * 1024;

/** Deeper JSON than any manifest has: refused before it is parsed, since a recursive reader of it could overflow its stack. */
const maxDepth = 64;
/** Names and values: more than 35,000 children have, each with its platform. What takes memory and time to parse is their number, not the bytes. */
const maxTokens = 500_000;

/**
 * Parses the body of a push, or of a stored manifest. `declaredType` is the request's Content-Type without parameters,
 * or the mediaType of the descriptor that names the blob; undefined when nobody said.
 * Refuses with MANIFEST_INVALID (400).
 */
export function parseManifest(bytes: Uint8Array, declaredType: string | undefined): Manifest {
  const json = parseJsonObject(bytes);
  // Type confusion (CVE-2021-41190): one body must not be readable as an image by one client and as an index by another.
  if ('manifests' in json && ('layers' in json || 'config' in json)) {
    throw invalid('both "manifests" and "layers" or "config" are present');
  }
  const stated = 'mediaType' in json && typeof json.mediaType === 'string' ? json.mediaType : undefined;
  if (stated !== undefined && declaredType !== undefined && stated !== declaredType) {
    throw invalid(`mediaType "${stated}" contradicts the Content-Type "${declaredType}"`);
  }
  const mediaType = declaredType ?? stated ?? ('manifests' in json ? mediaTypes.imageIndex : mediaTypes.imageManifest);
  if (!isManifestType(mediaType)) throw invalid(`unsupported media type "${mediaType}"`);
  if (isArtifactManifestType(mediaType)) return parseArtifact(json, mediaType);
  return isImageIndexType(mediaType) ? parseIndex(json, mediaType) : parseImage(json, mediaType);
}

function parseImage(json: object, mediaType: string): ImageManifest {
  const { config, layers, artifactType, subject, annotations } = checked(imageManifest, json);
  return {
    kind: 'image',
    mediaType,
    config: reference(config),
    layers: referencesIn(layers, 'layers'),
    ...rest(artifactType, subject, annotations),
  };
}

function parseIndex(json: object, mediaType: string): ImageIndex {
  const { manifests, artifactType, subject, annotations } = checked(imageIndex, json);
  return {
    kind: 'index',
    mediaType,
    manifests: referencesIn(manifests, 'manifests'),
    ...rest(artifactType, subject, annotations),
  };
}

function parseArtifact(json: object, mediaType: string): ArtifactManifest {
  const foreign = ['manifests', 'layers', 'config'].find((field) => field in json);
  if (foreign !== undefined) throw invalid(`an artifact manifest with "${foreign}"`);
  const { blobs, artifactType, subject, annotations } = checked(artifactManifest, json);
  return {
    kind: 'artifact',
    mediaType,
    blobs: referencesIn(blobs ?? [], 'blobs'),
    ...rest(artifactType, subject, annotations),
  };
}

function referencesIn(list: readonly unknown[], name: string): DescriptorReference[] {
  return list.map((each, at) => reference(checked(descriptor, each, [name, at])));
}

type ParsedDescriptor = z.infer<typeof descriptor>;

function reference({ mediaType, digest, size, annotations }: ParsedDescriptor): DescriptorReference {
  return annotations ? { mediaType, digest, size, annotations } : { mediaType, digest, size };
}

function rest(
  artifactType: string | null | undefined,
  subject: ParsedDescriptor | null | undefined,
  annotations: Record<string, string> | null | undefined,
): Pick<Manifest, 'artifactType' | 'subject' | 'annotations'> {
  return {
    // An empty string counts as missing (distribution-spec, Listing Referrers).
    ...(artifactType ? { artifactType } : {}),
    ...(subject ? { subject: reference(subject) } : {}),
    ...(annotations ? { annotations } : {}),
  };
}

/** JSON of the size and depth that a manifest may have. Refuses with MANIFEST_INVALID (400). */
export function parseJsonObject(bytes: Uint8Array): object {
  const json = parseJson(bytes);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw invalid('not a JSON object');
  return json;
}

function parseJson(bytes: Uint8Array): unknown {
  refuseExcess(bytes);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw invalid('not JSON in UTF-8', cause);
  }
}

/** Ends at the first byte that is too much. What is no JSON is for the parser to refuse. */
function refuseExcess(bytes: Uint8Array): void {
  let depth = 0;
  let tokens = 0;
  let isInString = false;
  let isInScalar = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (isInString) {
      if (byte === 0x5c) at += 1;
      else if (byte === 0x22) isInString = false;
      continue;
    }
    const isOpening = byte === 0x7b || byte === 0x5b;
    const isClosing = byte === 0x7d || byte === 0x5d;
    const isBetween = byte <= 0x20 || byte === 0x2c || byte === 0x3a;
    isInString = byte === 0x22;
    const isPunctuation = isOpening || isClosing || isBetween || isInString;
    if (isOpening || isInString || !(isPunctuation || isInScalar)) tokens += 1;
    isInScalar = !isPunctuation;
    if (isOpening) depth += 1;
    else if (isClosing) depth -= 1;
    if (depth > maxDepth) throw invalid(`nested deeper than ${maxDepth} levels`);
    if (tokens > maxTokens) throw invalid(`more than ${maxTokens} names and values`);
  }
}

/** `above` is where `json` stands in the manifest. */
function checked<T>(schema: z.ZodType<T>, json: unknown, above: readonly (string | number)[] = []): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalid(issue === undefined ? 'wrong shape' : `${[...above, ...issue.path].join('.')}: ${issue.message}`);
}

/** What is wrong may quote the manifest, which may be megabytes. */
const maxDetail = 500;

function invalid(detail: string, cause?: unknown): RegistryError {
  const shown = detail.length > maxDetail ? `${detail.slice(0, maxDetail)}...` : detail;
  return new RegistryError('MANIFEST_INVALID', { detail: shown, cause });
}

/** The digest that the manifest refers to, when it is one that this registry can look up. */
export function subjectOf(manifest: Manifest): Digest | undefined {
  const digest = manifest.subject?.digest;
  return digest !== undefined && isDigest(digest) ? digest : undefined;
}

/** The manifest's own type, else for images the config's media type; indexes have none then (distribution-spec, Listing Referrers). */
export function artifactTypeOf(manifest: Manifest): string | undefined {
  if (manifest.artifactType !== undefined) return manifest.artifactType;
  return manifest.kind === 'image' ? manifest.config.mediaType : undefined;
}

/** The blobs of what is no index: config and layers, or those of an artifact. */
export function contentOf(manifest: ImageManifest | ArtifactManifest): readonly DescriptorReference[] {
  return manifest.kind === 'artifact' ? manifest.blobs : [manifest.config, ...manifest.layers];
}

/** What must exist in strict mode: config, layers and children; never the subject, never non-distributable layers. */
export function referencesOf(manifest: Manifest): readonly DescriptorReference[] {
  if (manifest.kind === 'index') return manifest.manifests;
  return contentOf(manifest).filter((each) => !isNonDistributableType(each.mediaType));
}

/**
 * As what a manifest names something: it is not complete without it, no registry need have it (image-spec, Non-Distributable Layers), or
 * it is about it.
 */
export type ReferenceRole = 'required' | 'non-distributable' | 'subject';

export interface ManifestReference extends BlobReference {
  readonly role: ReferenceRole;
}

/** All that a manifest names, in any of its fields. */
export function everyReferenceOf(manifest: Manifest): readonly ManifestReference[] {
  const { subject } = manifest;
  const named =
    manifest.kind === 'index'
      ? manifest.manifests.map((child) => referenceAs('required', child))
      : contentOf(manifest).map((blob) =>
          referenceAs(isNonDistributableType(blob.mediaType) ? 'non-distributable' : 'required', blob),
        );
  return subject === undefined ? named : [...named, referenceAs('subject', subject)];
}

function referenceAs(role: ReferenceRole, { digest, size }: DescriptorReference): ManifestReference {
  return { digest, size, role };
}

/** The entry of a referrers response: the manifest's derived type and all its annotations, nothing added (distribution-spec, Listing Referrers). */
export function referrerDescriptorOf(manifest: Manifest, digest: Digest, size: number): Descriptor {
  const artifactType = artifactTypeOf(manifest);
  return {
    mediaType: manifest.mediaType,
    digest,
    size,
    ...(artifactType !== undefined ? { artifactType } : {}),
    ...(manifest.annotations !== undefined ? { annotations: manifest.annotations } : {}),
  };
}

/** True for what a container engine can run: an image index, or an image whose config is one; false for any other artifact. */
export function isContainerImage({ mediaType, artifactType }: Pick<Descriptor, 'mediaType' | 'artifactType'>): boolean {
  if (isImageIndexType(mediaType)) return artifactType === undefined;
  return artifactType !== undefined && isImageConfigType(artifactType);
}
