// Finds out all that belongs to an image: platforms, attestations, referrers and what refers to those. Bounded, whatever it meets.
import { Pace } from '../layout/pacing/pace.ts';
import { annotationKeys, isAttestation } from '../oci/annotations.ts';
import type { DescriptorReference } from '../oci/descriptor.ts';
import { isDigest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import { artifactTypeOf, type ImageIndex, type Manifest, parseManifest, subjectOf } from '../oci/manifest.ts';
import { isImageIndexType, isManifestType } from '../oci/media-type.ts';
import type { Reference, RepositoryName, Tag } from '../oci/reference.ts';
import { taggedByCosign } from './cosign-tagged.ts';
import { configFacts, platformsOf } from './image-platform.ts';
import type { ImageSource, SourceManifest } from './image-source.ts';
import { draftOf, type ImageTreeNode, type NodeDraft, type NodeKind, sumContent } from './image-tree-node.ts';
import { type LevelWalk, walkLevels } from './level-walk.ts';
import { manifestIfThere } from './manifest-if-there.ts';

export interface TreeOptions {
  /** False: only the image itself and its platforms. */
  readonly referrers: boolean;
  readonly maxDepth: number;
  readonly maxNodes: number;
  /** Requests at a time. */
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
}

export const defaultTreeOptions: TreeOptions = {
  referrers: true,
  maxDepth: 16,
  maxNodes: 10_000,
  concurrency: 8,
};

interface Found {
  readonly kind: NodeKind;
  readonly descriptor: DescriptorReference;
  readonly platform?: string | undefined;
  readonly tag?: Tag;
  /** Of its index, below which BuildKit lists them. */
  readonly attestations: readonly Found[];
}

interface Pending {
  readonly draft: NodeDraft;
  readonly above: Pending | undefined;
  readonly depth: number;
  readonly attestations: readonly Found[];
}

/** What was found below a node, and the list that it belongs to. */
type FoundBelow = readonly [NodeDraft[], Found];

/** Throws NAME_UNKNOWN or MANIFEST_UNKNOWN for the image itself; whatever is missing below it is a node that says so. */
export async function imageTree(
  source: ImageSource,
  name: RepositoryName,
  reference: Reference,
  options: TreeOptions = defaultTreeOptions,
): Promise<ImageTreeNode> {
  const { digest, mediaType, bytes } = await source.manifest(name, reference);
  const kind = isImageIndexType(mediaType) ? 'index' : 'image';
  const draft = draftOf(kind, { digest, mediaType, size: bytes.byteLength });
  const walk = new TreeWalk(source, name, options);
  await walkLevels([{ draft, above: undefined, depth: 0, attestations: [] }], walk);
  sumContent(draft);
  return draft;
}

/** A tree for people: one image may stand in it more than once, and only below itself it is cut off. */
class TreeWalk implements LevelWalk<Pending, FoundBelow> {
  readonly #source: ImageSource;
  readonly #name: RepositoryName;
  readonly #options: TreeOptions;
  readonly #pace = new Pace();
  #nodes = 1;

  get concurrency(): number {
    return this.#options.concurrency;
  }

  get signal(): AbortSignal | undefined {
    return this.#options.signal;
  }

  constructor(source: ImageSource, name: RepositoryName, options: TreeOptions) {
    this.#source = source;
    this.#name = name;
    this.#options = options;
  }

  readonly read = async (pending: Pending): Promise<readonly FoundBelow[]> => {
    // What is in memory is read without a turn of the loop between two of them.
    await this.#pace.step();
    const { draft, attestations } = pending;
    const below = attestations.map((attestation): FoundBelow => [draft.attestations, attestation]);
    const { digest } = draft;
    if (!isDigest(digest) || !isManifestType(draft.mediaType)) {
      draft.problem = 'not a manifest';
      return below;
    }
    const stored = await manifestIfThere(this.#source, this.#name, { kind: 'digest', digest });
    const manifest = stored === undefined ? undefined : manifestIn(stored);
    if (stored !== undefined && manifest !== undefined) {
      for (const listed of await this.#describe(pending, stored, manifest)) below.push(listed);
    } else draft.problem = stored === undefined ? 'missing' : 'unreadable';
    if (!this.#options.referrers) return below;
    // Also of what is missing: a signature may be copied before what it signs.
    const referrers = await this.#source.referrers(this.#name, digest);
    for (const descriptor of referrers) {
      below.push([draft.referrers, { kind: 'referrer', descriptor, attestations: [] }]);
    }
    const known = new Set(referrers.map((each) => each.digest));
    for (const found of await taggedByCosign(this.#source, this.#name, digest)) {
      const { digest: tagged, mediaType, bytes, tag } = found;
      const descriptor = { digest: tagged, mediaType, size: bytes.byteLength };
      if (!known.has(tagged)) below.push([draft.cosign, { kind: 'cosign', descriptor, tag, attestations: [] }]);
    }
    return below;
  };

  /** Makes the node, if there is room for it. */
  readonly admit = ([list, found]: FoundBelow, above: Pending): Pending | undefined => {
    const { kind, descriptor, platform, tag, attestations } = found;
    if (above.depth >= this.#options.maxDepth || this.#nodes >= this.#options.maxNodes) {
      above.draft.omitted += 1;
      return undefined;
    }
    this.#nodes += 1;
    const draft = { ...draftOf(kind, descriptor, platform), tag };
    list.push(draft);
    if (!standsAbove(above, descriptor.digest)) return { draft, above, depth: above.depth + 1, attestations };
    draft.problem = 'cycle';
    return undefined;
  };

  /** Returns what an index lists. */
  async #describe(
    { draft, above }: Pending,
    stored: SourceManifest,
    manifest: Manifest,
  ): Promise<readonly FoundBelow[]> {
    draft.mediaType = stored.mediaType;
    draft.size = stored.bytes.byteLength;
    draft.artifactType = artifactTypeOf(manifest);
    draft.annotations = manifest.annotations ?? {};
    if (draft.kind === 'referrer' && subjectOf(manifest) !== above?.draft.digest) draft.problem = 'unrelated';
    draft.created = draft.annotations[annotationKeys.created];
    if (manifest.kind === 'index') {
      return childrenOf(manifest, stored.bytes).map((found) => [draft.manifests, found]);
    }
    if (manifest.kind === 'artifact') {
      draft.layers = manifest.blobs;
      return [];
    }
    draft.config = manifest.config;
    draft.layers = manifest.layers;
    if (draft.kind === 'attestation') return [];
    const facts = await configFacts(this.#source, this.#name, manifest.config);
    draft.platform ??= facts.platform;
    draft.created ??= facts.created;
    return [];
  }
}

function manifestIn({ bytes, mediaType }: SourceManifest): Manifest | undefined {
  try {
    return parseManifest(bytes, mediaType);
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'MANIFEST_INVALID') return undefined;
    throw error;
  }
}

function standsAbove(pending: Pending, digest: string): boolean {
  for (let at: Pending | undefined = pending; at !== undefined; at = at.above) {
    if (at.draft.digest === digest) return true;
  }
  return false;
}

/** BuildKit lists the attestations of a platform beside it (BuildKit, docs/attestations/attestation-storage.md). */
function childrenOf({ manifests }: ImageIndex, bytes: Uint8Array): readonly Found[] {
  const platforms = platformsOf(bytes);
  const attestedBy = new Map(
    manifests.filter((each) => !isAttestation(each.annotations)).map(({ digest }) => [digest, [] as Found[]]),
  );
  const children: Found[] = [];
  for (const [at, descriptor] of manifests.entries()) {
    if (isAttestation(descriptor.annotations)) {
      const beside = attestedBy.get(descriptor.annotations?.[annotationKeys.dockerReferenceDigest] ?? '') ?? children;
      beside.push({ kind: 'attestation', descriptor, attestations: [] });
    } else {
      const kind = isImageIndexType(descriptor.mediaType) ? 'index' : 'image';
      const attestations = attestedBy.get(descriptor.digest) ?? [];
      children.push({ kind, descriptor, platform: platforms[at], attestations });
    }
  }
  return children;
}
