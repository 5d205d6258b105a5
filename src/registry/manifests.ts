// The manifests of one repository: pull and, where pushes are taken, push and delete by tag or digest.

import type { EditCondition, PutEdit } from '../layout/changes/index-edit.ts';
import type { LayoutChanges } from '../layout/changes/layout-changes.ts';
import type { ChangeAuthor } from '../layout/changes/layout-news.ts';
import type { ImageLayout } from '../layout/image-layout.ts';
import type { IndexLook } from '../layout/index/index-reader.ts';
import { needsDamaged } from '../layout/manifests/blob-needs.ts';
import { type ManifestOutline, requiredBy } from '../layout/manifests/manifest-outline.ts';
import { readOutline } from '../layout/manifests/manifest-thread.ts';
import type { RepositoryNames } from '../layout/names/repository-names.ts';
import { pacedDigestOf } from '../layout/pacing/paced-digest.ts';
import type { BlobReference } from '../oci/descriptor.ts';
import { algorithmOf, canonicalAlgorithm, type Digest, type DigestAlgorithm } from '../oci/digest.ts';
import { MissingReferencesError, maxNamed, RegistryError } from '../oci/error-code.ts';
import { keptOf } from '../oci/manifest-facts.ts';
import { isImageIndexType, mediaTypeEssence } from '../oci/media-type.ts';
import { assertHolds, type Precondition } from '../oci/precondition.ts';
import type { Reference, Tag } from '../oci/reference.ts';
import { TagProtectedError, type TagProtection } from '../oci/tag-protection.ts';
import type { RepositoryQuotas } from './quota/quotas.ts';

export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface ManifestInfo {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
}

export interface ManifestPush {
  readonly reference: Reference;
  /** Further tags of a push by digest (distribution-spec main, end-7b). */
  readonly tags: readonly Tag[];
  readonly contentType: string | undefined;
  readonly bytes: Uint8Array;
  /** Of what `reference` leads to before the push. */
  readonly precondition?: Precondition | undefined;
  readonly protection?: TagProtection | undefined;
  readonly by?: ChangeAuthor | undefined;
}

/** What must hold of what is deleted, what is kept, and who deletes. */
export type ManifestDeletion = Pick<ManifestPush, 'precondition' | 'protection' | 'by'>;

export interface PushedManifest {
  readonly digest: Digest;
  readonly subject: Digest | undefined;
  /** Tags that name it now, from the query. */
  readonly tags: readonly Tag[];
}

export interface PushRules {
  /** Strict mode: config, layers and children must be in the repository; lenient accepts sparse images and indexes. */
  readonly requireReferences: boolean;
  /** `sha256`: manifests under any other digest are refused; one such entry makes crane, ctr and umoci refuse the whole layout. */
  readonly digests: 'any' | 'sha256';
}

export class Manifests {
  readonly #layout: ImageLayout;
  readonly #names: RepositoryNames;

  constructor(layout: ImageLayout, names: RepositoryNames) {
    this.#layout = layout;
    this.#names = names;
  }

  /** Throws MANIFEST_UNKNOWN. The bytes are exactly those that were pushed. */
  async get(reference: Reference): Promise<StoredManifest> {
    return this.#existing(reference, 'shared');
  }

  /** The same for whoever only looks at what is here: it is no pull, by which a rule of retention may keep a tag. */
  look(reference: Reference): Promise<StoredManifest> {
    return this.#existing(reference, 'shared');
  }

  async #existing(reference: Reference, look: IndexLook): Promise<StoredManifest> {
    const found = await this.find(reference, look);
    if (found === undefined) throw new RegistryError('MANIFEST_UNKNOWN');
    return found;
  }

  /** The same, where nothing is an answer as well. */
  protected async find(reference: Reference, look: IndexLook = 'own'): Promise<StoredManifest | undefined> {
    const found = await this.#layout.findManifest(named(reference), this.#names, look);
    const bytes = found && (await this.#layout.manifests.read(found.digest));
    return found && bytes && { digest: found.digest, mediaType: found.mediaType, bytes };
  }

  /**
   * Throws MANIFEST_UNKNOWN whenever `get` would, and for an image of which a blob is known to be damaged: clients that are told
   * "it exists" by HEAD do not push it (oras, crane and regctl then look at none of its blobs), and only a push mends it.
   */
  async stat(reference: Reference): Promise<ManifestInfo> {
    const { digest, mediaType, bytes } = await this.#existing(reference, 'own');
    if (await needsDamaged({ digest, mediaType }, this.#layout)) throw new RegistryError('MANIFEST_UNKNOWN');
    return { digest, mediaType, size: bytes.byteLength };
  }

  /** Images that can be pulled by digest only, since no tag leads to them. Throws NAME_UNKNOWN. */
  async untagged(): Promise<readonly Digest[]> {
    const digests = await this.#layout.untagged(this.#names);
    if (digests === undefined) throw new RegistryError('NAME_UNKNOWN');
    return digests;
  }

  /** True when nothing is listed, so that nothing is found by digest either. Throws NAME_UNKNOWN. */
  async isEmpty(): Promise<boolean> {
    const index = await this.#layout.readIndex();
    if (index === undefined) throw new RegistryError('NAME_UNKNOWN');
    return index.entries.length === 0;
  }
}

export class WritableManifests extends Manifests {
  readonly #changes: LayoutChanges;
  readonly #names: RepositoryNames;
  readonly #rules: PushRules;
  readonly #quotas: RepositoryQuotas;

  constructor(
    layout: ImageLayout,
    changes: LayoutChanges,
    names: RepositoryNames,
    { rules, quotas }: { readonly rules: PushRules; readonly quotas: RepositoryQuotas },
  ) {
    super(layout, names);
    this.#quotas = quotas;
    this.#changes = changes;
    this.#names = names;
    this.#rules = rules;
  }

  /** Also noted as a pull: of the tag, or of every tag of the digest. Who only asks what a tag means pulls nothing by that. */
  override async get(reference: Reference): Promise<StoredManifest> {
    const found = await super.get(reference);
    const { times } = this.#changes;
    if (reference.kind === 'tag') times.pulledTag(this.#names.path, reference.tag);
    else times.pulledDigest(reference.digest);
    return found;
  }

  /** A client that is told so may push an index that lists it: until the grace is over no collection takes it, or what it leads to. */
  override async stat(reference: Reference): Promise<ManifestInfo> {
    const found = await super.stat(reference);
    return (await this.#changes.leases.tell(found.digest)) ? super.stat(reference) : found;
  }

  /**
   * All that a push passes through, in this order: durable when it returns, or nothing of it visible. Throws MANIFEST_INVALID,
   * DIGEST_INVALID, MANIFEST_BLOB_UNKNOWN, PreconditionFailedError, TagProtectedError, QuotaExceededError; UNAVAILABLE (503) when a blob that was there is gone.
   */
  async put(push: ManifestPush): Promise<PushedManifest> {
    const { reference, bytes, protection } = push;
    const tags = reference.kind === 'tag' ? [reference.tag] : push.tags;
    await this.#assertWorthwhile(push);
    const known = this.#knownOutline(push);
    const digest = await this.#digestOf(push, known?.facts.descriptor.digest);
    if (protection !== undefined) await this.#assertUnprotected(tags, digest, protection);
    const outline = known ?? (await this.#outlineOf(push, digest));
    const condition = conditionOf(reference, push.precondition);
    await this.#quotas.bring({ digest, bytes: bytes.byteLength }, async () => {
      await this.#list(outline, { how: 'push', bytes, tags, condition, protection, by: push.by });
      return true;
    });
    return { digest, subject: outline.facts.subject, tags: push.tags };
  }

  /** The same for a manifest that was here before: under tags, or without one. */
  async putBack(
    { digest, mediaType, bytes }: StoredManifest,
    tags: readonly Tag[],
    { condition, protection, by }: Pick<PutEdit, 'condition' | 'protection' | 'by'> = {},
  ): Promise<void> {
    const outline = await readOutline(bytes, digest, mediaType);
    await this.#list(outline, { how: 'rollback', bytes, tags, condition, protection, by });
  }

  async #list(
    outline: ManifestOutline,
    what: Pick<PutEdit, 'how' | 'bytes' | 'tags' | 'condition' | 'protection' | 'by'>,
  ): Promise<void> {
    const references = requiredBy(outline);
    // A delete of what the manifest needs has ended, or waits until the push has.
    await this.#changes.deletions.pushing(references, async () => {
      const absent = await this.#secure(outline);
      // The file, then index.json with entries, tags, referrers and the journal in one transaction
      // (layout-changes.ts, and index-transaction.ts for what belongs to it).
      const facts = keptOf(outline.facts);
      await this.#changes.pushManifest(outline, { kind: 'put', ...what, facts, absent, names: this.#names });
      await this.#secureAgain(references, absent);
    });
  }

  /**
   * By tag: the tag is gone, the manifest stays. By digest: manifest, tags and its place among the referrers are gone at once.
   * Throws NAME_UNKNOWN, MANIFEST_UNKNOWN; PreconditionFailedError when it is there and not what is demanded; TagProtectedError.
   */
  async delete(reference: Reference, { precondition, protection, by }: ManifestDeletion = {}): Promise<void> {
    const deletion = { how: 'delete', condition: conditionOf(reference, precondition), protection, by } as const;
    if (reference.kind === 'tag') await this.#changes.untag(reference.tag, this.#names, deletion);
    else await this.#changes.removeManifest(reference.digest, this.#names, deletion);
  }

  /** What counts is asked again under the lock; a push that fails by now stores nothing. */
  async #assertWorthwhile({ reference, precondition }: ManifestPush): Promise<void> {
    if (precondition !== undefined) assertHolds(precondition, (await this.find(reference))?.digest);
  }

  /** What counts is asked under the lock (protected-tags.ts). */
  async #assertUnprotected(tags: readonly Tag[], digest: Digest, protection: TagProtection): Promise<void> {
    for (const tag of tags) {
      const why = protection.whyKept(tag);
      if (why === undefined) continue;
      const found = await this.find({ kind: 'tag', tag });
      if (found !== undefined && found.digest !== digest) throw new TagProtectedError(tag, why);
    }
  }

  /** The digest that the manifest is stored under. Throws DIGEST_INVALID when it is not the one in the URL, or not allowed here. */
  async #digestOf({ reference, bytes }: ManifestPush, known: Digest | undefined): Promise<Digest> {
    const algorithm = algorithmFor(reference);
    if (this.#rules.digests === 'sha256' && algorithm !== canonicalAlgorithm) {
      throw new RegistryError('DIGEST_INVALID', { detail: 'this registry takes manifests under sha256 digests only' });
    }
    const digest = known ?? (await pacedDigestOf(bytes, algorithm));
    if (reference.kind === 'digest' && reference.digest !== digest) {
      throw new RegistryError('DIGEST_INVALID', { detail: `the body's digest is ${digest}` });
    }
    return digest;
  }

  /** Of the same bytes, pushed a moment ago; undefined when they must be hashed and read. */
  #knownOutline({ reference, bytes, contentType }: ManifestPush): ManifestOutline | undefined {
    return this.#changes.outlines.find(bytes, algorithmFor(reference), essenceOf(contentType));
  }

  /** What the manifest says of itself. Throws MANIFEST_INVALID. */
  async #outlineOf({ bytes, contentType }: ManifestPush, digest: Digest): Promise<ManifestOutline> {
    const mediaType = essenceOf(contentType);
    const outline = await readOutline(bytes, digest, mediaType);
    this.#changes.outlines.add(bytes, mediaType, outline);
    return outline;
  }

  /**
   * Makes durable what the manifest refers to, and returns what is not in the repository: sparse images are taken unless they are
   * refused as a rule. What an image says of the size of a blob whose digest is right is between its author and its clients, and every
   * registry takes it; a child of another size than its index says makes oras refuse the whole layout, with all its other images.
   */
  async #secure(outline: ManifestOutline): Promise<readonly string[]> {
    const references = requiredBy(outline);
    const told = this.#changes.leases.told(digestsOf(references));
    const { missing, wrongSize } = await this.#changes.blobs.secure(references);
    if (wrongSize.length > 0 && isImageIndexType(outline.facts.descriptor.mediaType)) {
      throw new RegistryError('MANIFEST_INVALID', {
        detail: `the stored size differs from the descriptor's: ${wrongSize.slice(0, maxNamed).join(', ')}`,
      });
    }
    if (this.#rules.requireReferences && missing.length > 0) throw new MissingReferencesError(missing);
    // A client that was told so did not push them: another program collected them since. That is no sparse image.
    const gone = missing.filter((digest) => told.has(digest));
    if (gone.length > 0) throw new MissingReferencesError(gone);
    return missing;
  }

  /**
   * A foreign collector, or a delete through another server, may have run while index.json was being replaced: what it took and we have
   * comes back before the answer. Throws UNAVAILABLE (503) when that cannot be: a client that is told so pushes again.
   */
  async #secureAgain(references: Iterable<BlobReference>, absent: readonly string[]): Promise<void> {
    const { missing } = await this.#changes.blobs.secureAgain(references);
    if (missing.length <= absent.length) return;
    throw new RegistryError('UNAVAILABLE', {
      detail: 'a blob was deleted while the manifest was pushed; push it again',
    });
  }
}

function* digestsOf(references: Iterable<BlobReference>): Generator<string> {
  for (const { digest } of references) yield digest;
}

function named(reference: Reference): Tag | Digest {
  return reference.kind === 'tag' ? reference.tag : reference.digest;
}

function conditionOf(reference: Reference, precondition: Precondition | undefined): EditCondition | undefined {
  return precondition && { reference: named(reference), precondition };
}

/** What the digest of a manifest is computed with. */
function algorithmFor(reference: Reference): DigestAlgorithm {
  return reference.kind === 'tag' ? canonicalAlgorithm : algorithmOf(reference.digest);
}

/** Undefined where nothing was said. */
function essenceOf(contentType: string | undefined): string | undefined {
  return (contentType === undefined ? undefined : mediaTypeEssence(contentType)) || undefined;
}
