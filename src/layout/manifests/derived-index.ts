// What is worked out from one snapshot of index.json, once somebody asks, and is worth nothing for another: tags to list, referrers,
// manifests that no entry lists. The facts it is made of belong to immutable blobs and outlive it.
import type { Digest } from '../../oci/digest.ts';
import type { Referrer } from '../../oci/manifest-facts.ts';
import type { Tag } from '../../oci/reference.ts';
import { isReferrersTag } from '../../oci/referrers-tag.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import type { VirtualPath } from '../names/name-table.ts';
import type { RepositoryNames } from '../names/repository-names.ts';
import { Pace } from '../pacing/pace.ts';
import { eachInSteps, paced, type SteppedWork } from '../pacing/steps.ts';
import type { ManifestReader } from './manifest-reader.ts';
import type { NestedReferrers } from './nested-referrers.ts';
import { type Reachable, reachableManifests } from './reachable-manifests.ts';
import { addRawReferrers, entriesBySubject, mayHaveReferrers, referrersOf, useOfReferrersTag } from './referrers.ts';
import type { UnreferencedManifest, UnreferencedManifests } from './unreferenced-manifests.ts';
import { untaggedImages } from './untagged-images.ts';

export interface DerivedIndexParts {
  readonly manifests: ManifestReader;
  readonly nested: NestedReferrers;
  /** Undefined: blobs that no entry leads to are not looked at. */
  readonly unreferenced: UnreferencedManifests | undefined;
}

const noneUnreferenced: Promise<ReadonlyMap<Digest, UnreferencedManifest>> = Promise.resolve(new Map());

type Subjects = ReadonlyMap<Digest, readonly IndexEntry[]>;

export class DerivedIndex {
  readonly index: LayoutIndex;
  readonly #parts: DerivedIndexParts;
  readonly #referrers = new Map<Digest, Promise<readonly Referrer[]>>();
  readonly #tags = new Map<VirtualPath, Promise<readonly Tag[]>>();
  #bySubject: Promise<Subjects> | undefined;
  #reachable: Promise<Reachable> | undefined;
  #nested: Promise<ReadonlyMap<Digest, readonly UnreferencedManifest[]>> | undefined;
  #unreferenced: Promise<ReadonlyMap<Digest, UnreferencedManifest>> | undefined;

  constructor(index: LayoutIndex, parts: DerivedIndexParts) {
    this.index = index;
    this.#parts = parts;
  }

  /** In byte order, without the tags that only serve clients that know no referrers API. */
  tags(names: RepositoryNames): Promise<readonly Tag[]> {
    const known = this.#tags.get(names.path);
    if (known !== undefined) return known;
    // A virtual repository that does not exist can be made up without end: nothing is kept for it.
    if (!names.existsIn(this.index)) return Promise.resolve([]);
    const found = unlessItFails(this.#ordinaryTags(names), () => this.#tags.delete(names.path));
    this.#tags.set(names.path, found);
    return found;
  }

  /** Every verified referrer of a digest, in the order of their digests. */
  async referrers(subject: Digest): Promise<readonly Referrer[]> {
    const entries = (await this.#subjects()).get(subject) ?? [];
    const referring = await this.#unlisted(subject);
    // Digests that nobody refers to can be made up without end: nothing is kept for them.
    if (referring.length === 0 && !mayHaveReferrers(subject, entries, this.index)) return [];
    const known = this.#referrers.get(subject);
    if (known !== undefined) return known;
    const listed = referrersOf(subject, entries, this.index, this.#parts.manifests);
    const found = unlessItFails(
      listed.then((descriptors) => addRawReferrers(descriptors, referring)),
      () => this.#referrers.delete(subject),
    );
    this.#referrers.set(subject, found);
    return found;
  }

  /** The type of a manifest that no entry lists, if an entry leads to it, or a scan found it. */
  async mediaTypeOfChild(digest: Digest): Promise<string | undefined> {
    return (
      (await this.#children()).mediaTypes.get(digest) ??
      (await this.unreferenced()).get(digest)?.facts.descriptor.mediaType
    );
  }

  /** Images of a repository that are found by digest only (untagged-images.ts). */
  untagged(names: RepositoryNames): Promise<readonly Digest[]> {
    const reachable = () => this.#children();
    return untaggedImages({ index: this.index, names, manifests: this.#parts.manifests, reachable });
  }

  /** Reads every manifest whose facts nobody asked for yet: once for the lifetime of its entry. */
  async learnFacts(): Promise<void> {
    const pace = new Pace();
    for (const entry of this.index.entries) {
      if (entry.facts !== undefined) continue;
      await this.#parts.manifests.factsOfEntry(entry);
      await pace.step();
    }
  }

  /** Manifests with a subject that nothing leads to; empty unless blobs are scanned. */
  unreferenced(): Promise<ReadonlyMap<Digest, UnreferencedManifest>> {
    const { unreferenced } = this.#parts;
    if (unreferenced === undefined) return noneUnreferenced;
    this.#unreferenced ??= unlessItFails(unreferenced.referring(this.index), () => {
      this.#unreferenced = undefined;
    });
    return this.#unreferenced;
  }

  /** Those that only an index lists, and a scan found. Their files must be there now. */
  async #unlisted(subject: Digest): Promise<readonly UnreferencedManifest[]> {
    this.#nested ??= unlessItFails(this.#parts.nested.bySubject(this.index), () => {
      this.#nested = undefined;
    });
    const found = new Map<Digest, UnreferencedManifest>();
    for (const each of (await this.#nested).get(subject) ?? []) {
      const facts = await this.#parts.manifests.factsOfChild(each.digest, each.facts.descriptor.mediaType);
      if (facts !== 'none') found.set(each.digest, each);
    }
    for (const each of (await this.unreferenced()).values())
      if (each.facts.subject === subject) found.set(each.digest, each);
    return [...found.values()];
  }

  #children(): Promise<Reachable> {
    this.#reachable ??= unlessItFails(reachableManifests(this.index.entries, this.#parts.manifests), () => {
      this.#reachable = undefined;
    });
    return this.#reachable;
  }

  #subjects(): Promise<Subjects> {
    this.#bySubject ??= unlessItFails(
      this.learnFacts().then(() => paced(entriesBySubject(this.index.entries))),
      () => {
        this.#bySubject = undefined;
      },
    );
    return this.#bySubject;
  }

  async #ordinaryTags(names: RepositoryNames): Promise<readonly Tag[]> {
    const tags = names.tags(this.index) ?? (await this.index.tagsInTurns());
    if (names.all.rules.listReferrersTags) return tags;
    const hidden = new Set<Tag>();
    const pace = new Pace();
    for (const tag of await paced(referrersTagsAmong(tags))) {
      const entry = names.entryOf(this.index, tag);
      if (entry === undefined) continue;
      if ((await useOfReferrersTag(entry, this.#parts.manifests)) === 'response') hidden.add(tag);
      await pace.step();
    }
    return hidden.size === 0 ? tags : tags.filter((tag) => !hidden.has(tag));
  }
}

function* referrersTagsAmong(tags: readonly Tag[]): SteppedWork<readonly Tag[]> {
  const found: Tag[] = [];
  yield* eachInSteps(tags, (tag) => {
    if (isReferrersTag(tag)) found.push(tag);
  });
  return found;
}

/** Keeps what was worked out from the newest snapshot that somebody asked about. */
export class DerivedIndexes {
  readonly #parts: DerivedIndexParts;
  #newest: DerivedIndex | undefined;

  constructor(parts: DerivedIndexParts) {
    this.#parts = parts;
  }

  of(index: LayoutIndex): DerivedIndex {
    if (this.#newest?.index !== index) this.#newest = new DerivedIndex(index, this.#parts);
    return this.#newest;
  }
}

/** What failed is worked out again for the next who asks. */
function unlessItFails<Result>(work: Promise<Result>, forget: () => void): Promise<Result> {
  work.catch(forget);
  return work;
}
