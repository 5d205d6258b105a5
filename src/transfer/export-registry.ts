// An export into a registry elsewhere: blobs, then manifests from the leaves up, what refers to them, and tags last, so that a reader never
// meets half an image. What is there already is not sent again.
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import { isImageIndexType } from '../oci/media-type.ts';
import { parseRepositoryName, type RepositoryName, type Tag } from '../oci/reference.ts';
import { listUnderReferrersTag } from '../remote/referrers-tag-list.ts';
import { RemoteRegistry } from '../remote/remote-registry.ts';
import type { RemoteRepository } from '../remote/remote-repository.ts';
import type { RemoteTarget } from '../remote/remote-target.ts';
import { forEachConcurrently } from './copy-concurrently.ts';
import { blobBytes } from './copy-content.ts';
import { CopyError, WrongContentError } from './copy-error.ts';
import { replacedSignature } from './cosign-tagged.ts';
import {
  collectContent,
  type ExportContent,
  type ExportedBlob,
  type ExportedManifest,
  type ExportRequest,
} from './export-content.ts';
import type { ExportedName, ExportReport } from './export-images.ts';
import type { Platform } from './export-platform.ts';
import { manifestOf } from './export-repository.ts';
import type { RegistryTarget } from './export-target.ts';
import { type CopyProgress, CopyTally } from './progress.ts';

export interface RegistryExportOptions {
  readonly registry: RemoteTarget;
  readonly target: Pick<RegistryTarget, 'name' | 'tag'>;
  readonly referrers: boolean;
  readonly platform: Platform | undefined;
  readonly progress: CopyProgress;
  readonly signal: AbortSignal;
}

const blobsAtOnce = 3;
const manifestsAtOnce = 8;

/** Throws CopyError, WrongContentError, RegistryError, RemoteError, what the sources throw, and the reason of `signal`. What was pushed stays. */
export async function exportToRegistry(
  requests: readonly ExportRequest[],
  options: RegistryExportOptions,
): Promise<ExportReport> {
  const { registry, referrers, platform, signal } = options;
  const tally = new CopyTally(options.progress);
  const note = (text: string) => tally.note(text);
  const groups = new Map<RepositoryName, ExportRequest[]>();
  for (const [request, { name, tag }] of destinations(requests, options.target)) {
    groups.set(name, [...(groups.get(name) ?? []), { ...request, tag }]);
  }
  const contents = new Map<RepositoryName, ExportContent>();
  for (const [name, group] of groups) {
    const content = await collectContent(group, { referrers, platform, note, signal });
    assertDistinct(registry, name, content);
    contents.set(name, content);
    tally.blobsExpected(blobsOf(content));
  }
  const images: ExportedName[] = [];
  const holders = new Map<Digest, RepositoryName>();
  for (const [name, content] of contents) {
    const push = new RepositoryPush(registry, registry.repository(name), content, holders, { progress: tally, signal });
    await push.run();
    for (const { tag, digest, isSignature } of content.images) {
      if (!isSignature)
        images.push({ name: `${registry.host}/${name}${tag === undefined ? `@${digest}` : `:${tag}`}`, digest });
    }
  }
  return { form: 'registry', images, totals: tally.totals, notes: tally.notes };
}

/** Where each image goes. Throws CopyError where one name would not do for all. */
function destinations(
  requests: readonly ExportRequest[],
  { name, tag }: RegistryExportOptions['target'],
): readonly (readonly [ExportRequest, { readonly name: RepositoryName; readonly tag: Tag | undefined }])[] {
  if (tag !== undefined && requests.length > 1) {
    throw new CopyError(
      `${requests.length} images cannot all be named "${tag}"; pick one of them, or leave the tag of the target out`,
    );
  }
  return requests.map((request) => {
    const { ownName, isAmongOthers } = request;
    const below = isAmongOthers && name !== undefined ? parseRepositoryName(`${name}/${ownName}`) : name;
    return [request, { name: below ?? ownName, tag: tag ?? request.tag }];
  });
}

function assertDistinct({ host }: RemoteTarget, name: RepositoryName, { images }: ExportContent): void {
  const byTag = new Map<Tag, Digest>();
  for (const { tag, digest, isSignature } of images) {
    if (tag === undefined || isSignature) continue;
    const known = byTag.get(tag) ?? digest;
    if (known !== digest) {
      throw new CopyError(
        `two images would be named "${host}/${name}:${tag}": ${known} and ${digest}; export them apart`,
      );
    }
    byTag.set(tag, digest);
  }
}

/** What a manifest names as a blob and is one of the manifests arrives as such. */
function blobsOf({ blobs, manifests }: ExportContent): readonly ExportedBlob[] {
  return [...blobs.values()].filter(({ digest }) => !manifests.has(digest));
}

/** What goes into one repository. */
class RepositoryPush {
  readonly #registry: RemoteTarget;
  readonly #repository: RemoteRepository;
  readonly #content: ExportContent;
  /** Repositories of this registry by blobs that they are known to have: those are mounted. */
  readonly #holders: Map<Digest, RepositoryName>;
  readonly #progress: CopyProgress;
  readonly #signal: AbortSignal;
  /** Referrers that the registry took as ordinary manifests, by subject. */
  readonly #unlisted = new Map<Digest, Descriptor[]>();

  constructor(
    registry: RemoteTarget,
    repository: RemoteRepository,
    content: ExportContent,
    holders: Map<Digest, RepositoryName>,
    { progress, signal }: Pick<RegistryExportOptions, 'progress' | 'signal'>,
  ) {
    this.#registry = registry;
    this.#repository = repository;
    this.#content = content;
    this.#holders = holders;
    this.#progress = progress;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const { manifests, images } = this.#content;
    await forEachConcurrently(blobsOf(this.#content), blobsAtOnce, this.#signal, (blob) => this.#putBlob(blob));
    const all = [...manifests.values()];
    const isLeaf = ({ subject, descriptor }: ExportedManifest) =>
      subject === undefined && !isImageIndexType(descriptor.mediaType);
    await forEachConcurrently(all.filter(isLeaf), manifestsAtOnce, this.#signal, (leaf) => this.#putManifest(leaf));
    // In the order of the walk: what an index lists before the index, and what is referred to before what refers to it.
    for (const manifest of all) {
      this.#signal.throwIfAborted();
      if (manifest.subject !== undefined) await this.#putReferrer(manifest.descriptor, manifest.subject);
      else if (!isLeaf(manifest)) await this.#putManifest(manifest);
    }
    await this.#listReferrers();
    // Signatures first: who meets an image by its tag may want to verify it.
    for (const isSignature of [true, false]) {
      const tagged = images.filter((image) => image.isSignature === isSignature);
      await forEachConcurrently(tagged, manifestsAtOnce, this.#signal, async ({ tag, digest }) => {
        if (tag !== undefined) await this.#tag(tag, digest, isSignature);
      });
    }
  }

  async #putBlob(blob: ExportedBlob): Promise<void> {
    const { origin, digest, size } = blob;
    const signal = this.#signal;
    const uncounted = { blobAdvanced: () => {} };
    const read = (from: number) => blobBytes(origin, blob, from, { progress: uncounted, signal });
    const started = () => this.#progress.blobStarted(blob, 0);
    const advanced = (bytes: number) => this.#progress.blobAdvanced(blob, bytes);
    try {
      const options = { started, advanced };
      const outcome = await this.#repository.putBlob({ digest, size, read }, this.#holder(blob), options);
      this.#holders.set(digest, this.#repository.name);
      this.#progress.blobFinished(blob, outcome);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      const from = `${origin.source.description} (${origin.repository})`;
      if (error.code === 'DIGEST_INVALID') {
        throw new WrongContentError(from, digest, error.message, { isDigest: true, cause: error });
      }
      if (error.code !== 'BLOB_UNKNOWN') throw error;
      if (!blob.optional) throw new CopyError(`${from} does not have the blob ${digest}`, { cause: error });
      this.#progress.note(`${digest} is non-distributable and not in ${origin.source.description}: left out`);
    }
  }

  #holder({ digest, origin: { source, repository } }: ExportedBlob): RepositoryName | undefined {
    const isHere = source instanceof RemoteRegistry && source.isAt(this.#registry.origin);
    return this.#holders.get(digest) ?? (isHere ? repository : undefined);
  }

  /** What refers to nothing. */
  async #putManifest({ descriptor }: ExportedManifest): Promise<void> {
    const reference = { kind: 'digest', digest: descriptor.digest } as const;
    const isThere = (await this.#repository.digestOf(reference)) === descriptor.digest;
    if (!isThere) await this.#repository.putManifest(reference, await manifestOf(this.#content, descriptor.digest));
    this.#progress.manifestFinished(descriptor, isThere ? 'present' : 'copied');
  }

  /** Always put: only the answer tells whether the registry lists it (distribution-spec, Pushing Manifests with Subject). */
  async #putReferrer(descriptor: Descriptor, subject: Digest): Promise<void> {
    const { digest } = descriptor;
    const manifest = await manifestOf(this.#content, digest);
    const acknowledged = await this.#repository.putManifest({ kind: 'digest', digest }, manifest);
    this.#progress.manifestFinished(descriptor, 'copied');
    if (acknowledged !== subject) this.#unlisted.set(subject, [...(this.#unlisted.get(subject) ?? []), descriptor]);
  }

  async #listReferrers(): Promise<void> {
    for (const [subject, descriptors] of this.#unlisted) {
      if (await listUnderReferrersTag(this.#repository, subject, descriptors)) continue;
      const where = this.#repository.description;
      this.#progress.note(`${where} lists no referrers of ${subject}: the tag for them is an image of somebody`);
    }
  }

  async #tag(tag: Tag, digest: Digest, isSignature: boolean): Promise<void> {
    const reference = { kind: 'tag', tag } as const;
    const there = await this.#repository.digestOf(reference);
    if (there === digest) return;
    if (there !== undefined && isSignature) this.#progress.note(replacedSignature(tag, there));
    await this.#repository.putManifest(reference, await manifestOf(this.#content, digest));
  }
}
