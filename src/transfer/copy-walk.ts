// Walks an image as a copy needs it: children before the index that lists them, then the manifest, then what refers to it. That order
// is why it is a walk of its own: whoever stops it half-way has copied nothing that leads to what is not there. Its bound is the depth.
import { type Digest, isDigest } from '../oci/digest.ts';
import { contentOf, type Manifest, parseManifest, subjectOf } from '../oci/manifest.ts';
import { isManifestType, isNonDistributableType } from '../oci/media-type.ts';
import type { Reference, RepositoryName, Tag } from '../oci/reference.ts';
import type { BlobToCopy } from './copy-content.ts';
import { CopyError, WrongContentError } from './copy-error.ts';
import { taggedByCosign } from './cosign-tagged.ts';
import type { ImageSource, SourceManifest } from './image-source.ts';
import { manifestIfThere } from './manifest-if-there.ts';

export interface WalkedManifest extends SourceManifest {
  readonly manifest: Manifest;
  /** An image that was asked for, what an index lists, what refers to one of them, or what cosign keeps under a tag for one of them. */
  readonly role: 'image' | 'child' | 'referrer' | 'tagged';
  /** Of what is tagged: it is found by nothing else. */
  readonly tag: Tag | undefined;
  readonly blobs: readonly BlobToCopy[];
}

export interface WalkOptions {
  readonly referrers: boolean;
  /** What is kept under cosign's tags as well; unnecessary where every tag is copied. */
  readonly cosignTags: boolean;
  readonly note: (text: string) => void;
}

/** Indexes of indexes deeper than this are no image, but an attempt to keep us busy. */
const maxDepth = 32;

/** One repository of a source. Each manifest is given once, however many images of the repository share it. */
export class ImageWalk {
  readonly #source: ImageSource;
  readonly #repository: RepositoryName;
  readonly #options: WalkOptions;
  readonly #seen = new Set<Digest>();

  constructor(source: ImageSource, repository: RepositoryName, options: WalkOptions) {
    this.#source = source;
    this.#repository = repository;
    this.#options = options;
  }

  /** Throws NAME_UNKNOWN, MANIFEST_UNKNOWN, MANIFEST_INVALID. */
  root(reference: Reference): Promise<SourceManifest> {
    return this.#source.manifest(this.#repository, reference);
  }

  from(root: SourceManifest): AsyncGenerator<WalkedManifest> {
    return this.#tree(root, 'image', 0);
  }

  async *#tree(
    found: SourceManifest,
    role: WalkedManifest['role'],
    depth: number,
    tag?: Tag,
  ): AsyncGenerator<WalkedManifest> {
    const { digest } = found;
    const isKnown = this.#seen.has(digest);
    if (isKnown && tag === undefined) return;
    this.#seen.add(digest);
    if (depth > maxDepth) throw new CopyError(`${digest} is nested deeper than ${maxDepth} indexes or referrers`);
    const manifest = parseManifest(found.bytes, found.mediaType);
    if (!isKnown && manifest.kind === 'index') yield* this.#children(digest, manifest.manifests, depth);
    yield { ...found, manifest, role, tag, blobs: this.#blobsOf(digest, manifest) };
    if (isKnown) return;
    if (this.#options.referrers) yield* this.#referrers(digest, depth);
    if (this.#options.cosignTags) yield* this.#tagged(digest, depth);
  }

  /** Signatures may be signed in turn. */
  async *#tagged(subject: Digest, depth: number): AsyncGenerator<WalkedManifest> {
    const found = await taggedByCosign(this.#source, this.#repository, subject);
    for (const each of found) yield* this.#tree(each, 'tagged', depth + 1, each.tag);
  }

  async *#children(
    parent: Digest,
    children: readonly { readonly digest: string; readonly mediaType: string; readonly size: number }[],
    depth: number,
  ): AsyncGenerator<WalkedManifest> {
    for (const { digest, mediaType } of children) {
      if (!isManifestType(mediaType) || !isDigest(digest) || this.#seen.has(digest)) continue;
      const child = await this.#ifThere(digest);
      // A sparse index is legal: some of its platforms were never copied (distribution-spec, Pushing Manifests).
      if (child === undefined) this.#options.note(`${parent} lists ${digest}, which the source does not have`);
      else yield* this.#tree({ ...child, mediaType }, 'child', depth + 1);
    }
  }

  async *#referrers(subject: Digest, depth: number): AsyncGenerator<WalkedManifest> {
    const listed = await this.#source.referrers(this.#repository, subject);
    for (const { digest, mediaType } of listed) {
      if (this.#seen.has(digest)) continue;
      const referrer = await this.#ifThere(digest);
      if (referrer === undefined) {
        this.#options.note(`the referrer ${digest} of ${subject} is listed, and the source does not have it`);
        continue;
      }
      // A registry may list anything: only what names the subject itself refers to it.
      if (subjectOf(parseManifest(referrer.bytes, mediaType)) !== subject) {
        this.#options.note(`${digest} is listed as a referrer of ${subject} and does not refer to it: left out`);
      } else yield* this.#tree({ ...referrer, mediaType }, 'referrer', depth + 1);
    }
  }

  async #ifThere(digest: Digest): Promise<SourceManifest | undefined> {
    const found = await manifestIfThere(this.#source, this.#repository, { kind: 'digest', digest });
    if (found === undefined || found.digest === digest) return found;
    throw new WrongContentError(`${this.#source.description} (${this.#repository})`, digest, 'another manifest came');
  }

  #blobsOf(owner: Digest, manifest: Manifest): readonly BlobToCopy[] {
    const named =
      manifest.kind === 'index'
        ? manifest.manifests.filter(({ mediaType }) => !isManifestType(mediaType))
        : contentOf(manifest);
    const blobs = new Map<Digest, BlobToCopy>();
    for (const { digest, mediaType, size } of named) {
      if (isDigest(digest)) blobs.set(digest, { digest, mediaType, size, optional: isNonDistributableType(mediaType) });
      else this.#options.note(`${owner} names ${digest}, which cannot be verified here: left out`);
    }
    return [...blobs.values()];
  }
}
