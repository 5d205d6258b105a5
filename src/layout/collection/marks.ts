// Which blobs of a layout somebody needs. Everything that is not understood keeps what it might need: then nothing is marked as free,
// and whoever asked is told why (docs/collection.md#what-is-kept).
import { type Digest, isDigest, isDigestLike } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-type.ts';
import { contentNamedIn, isLeafType, type NamedContent } from '../../oci/named-content.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import type { ManifestReader } from '../manifests/manifest-reader.ts';
import { ManifestWalk, maxWalkedManifests } from '../manifests/manifest-walk.ts';
import { type Listed, UnsearchableError } from '../manifests/outlines-below.ts';
import { Pace } from '../pacing/pace.ts';

interface ListedManifest extends Listed {
  readonly digest: Digest;
}

export class Marks {
  readonly #manifests: ManifestReader;
  readonly #stored: ReadonlySet<Digest>;
  /** Of what is stored. */
  readonly #unmarked: Set<Digest>;
  readonly #walk: ManifestWalk<ListedManifest>;
  /** Manifests that something leads to and that are not there: what they need is not known. */
  readonly #missing = new Set<Digest>();
  /** Manifests that nothing leads to and that refer to something, by what they refer to: needed as soon as that is. */
  readonly #waiting = new Map<Digest, Digest[]>();
  #ready: Digest[] = [];
  readonly #unlistedManifests = new Set<Digest>();

  /** `stored`: the blobs that are there. What comes later is not judged. */
  constructor(manifests: ManifestReader, stored: ReadonlySet<Digest>, limit = maxWalkedManifests) {
    this.#manifests = manifests;
    this.#stored = stored;
    this.#unmarked = new Set(stored);
    this.#walk = new ManifestWalk(limit);
  }

  /** Stored, and so far needed by nobody. */
  get unmarked(): ReadonlySet<Digest> {
    return this.#unmarked;
  }

  /** What the entries lead to; may be called again with a newer snapshot. Throws UnsearchableError. */
  async addEntries({ entries }: Pick<LayoutIndex, 'entries'>): Promise<void> {
    const pace = new Pace();
    const listed: ListedManifest[] = [];
    for (const { digest, mediaType, line } of entries) {
      await pace.step();
      if (digest === undefined) throw new UnsearchableError('an entry has no digest that can be looked up');
      if (mediaType !== undefined && !isManifestType(mediaType) && !isLeafType(mediaType))
        throw new UnsearchableError(`the entry of ${digest} is of an unknown type, ${mediaType}`);
      this.keep(digest);
      if (mediaType === undefined || isManifestType(mediaType)) listed.push({ digest, mediaType });
      // Members that no specification knows may name something as well.
      for (const named of contentNamedIn([JSON.parse(line)]))
        if (named.digest !== digest) await this.#add(named, listed);
    }
    await this.#follow(listed);
  }

  /**
   * What came so lately, or was promised, that somebody may list it: it stays, and if it is a manifest all that it leads to. Throws
   * UnsearchableError for a manifest that leads to what nobody understands, and for one that is half written as yet.
   */
  async addUnlisted(digest: Digest, { isFresh = false } = {}): Promise<void> {
    this.keep(digest);
    if (this.#walk.has(digest) || !(await this.#manifests.mayBeManifest(digest))) return;
    const contents = await this.#manifests.contents(digest, undefined);
    if (contents === undefined && isFresh) throw new UnsearchableError(`${digest} is being written`);
    if (contents?.named === undefined) return;
    if (contents.isManifest) return this.#follow([{ digest }]);
    // No manifest of today, and yet it may be one to whoever wrote it.
    await this.#addNamed(contents.named, false);
  }

  /** Reads what was missing and is there by now. Throws UnsearchableError. */
  async addMissing(): Promise<void> {
    const pace = new Pace();
    for (const digest of this.#missing) {
      await pace.step();
      if (await this.#manifests.has(digest)) {
        this.#missing.delete(digest);
        await this.#follow(await this.#visit({ digest }));
      }
    }
  }

  /** What a document leads to that lies elsewhere. Throws UnsearchableError. */
  async addNamed(named: Iterable<NamedContent>): Promise<void> {
    await this.#addNamed(named, true);
  }

  /** Marks unlisted manifests that refer to something needed, whenever that becomes known (docs/layouts.md#unreferenced-manifests). */
  async addReferrers(candidates: Iterable<Digest>): Promise<void> {
    const pace = new Pace();
    for (const digest of [...candidates]) {
      await pace.step();
      if (!this.#unmarked.has(digest) || !(await this.#manifests.mayBeManifest(digest))) continue;
      const contents = await this.#manifests.contents(digest, undefined);
      if (contents?.isManifest) this.#unlistedManifests.add(digest);
      const subject = contents?.named?.find(({ place }) => place === 'subject')?.digest;
      if (subject === undefined || !isDigest(subject)) continue;
      if (this.#isNeeded(subject)) this.#ready.push(digest);
      else addTo(this.#waiting, subject, digest);
    }
    await this.#addReady();
  }

  keep(digest: Digest): void {
    this.#unmarked.delete(digest);
    const referrers = this.#waiting.get(digest);
    if (referrers === undefined) return;
    this.#waiting.delete(digest);
    this.#ready.push(...referrers);
  }

  /** Of what was looked into because nothing led to it. */
  isManifest(digest: Digest): boolean {
    return this.#unlistedManifests.has(digest);
  }

  #isNeeded(digest: Digest): boolean {
    return this.#walk.has(digest) || (this.#stored.has(digest) && !this.#unmarked.has(digest));
  }

  async #addReady(): Promise<void> {
    while (this.#ready.length > 0) {
      const ready = this.#ready;
      this.#ready = [];
      for (const digest of ready) await this.addUnlisted(digest);
    }
  }

  async #addNamed(named: Iterable<NamedContent>, isStrict: boolean): Promise<void> {
    const found: ListedManifest[] = [];
    const pace = new Pace();
    for (const each of named) {
      await pace.step();
      if (isStrict) await this.#add(each, found);
      else if (isDigest(each.digest)) {
        this.keep(each.digest);
        if (each.mediaType !== undefined && isManifestType(each.mediaType)) found.push(manifestOf(each.digest, each));
      }
    }
    await this.#follow(found);
  }

  async #follow(listed: Iterable<ListedManifest>): Promise<void> {
    await this.#addToWalk(listed);
    for await (const manifest of this.#walk) await this.#addToWalk(await this.#visit(manifest));
    await this.#addReady();
  }

  /** What may lead further from there. */
  async #visit({ digest, mediaType }: ListedManifest): Promise<readonly ListedManifest[]> {
    this.keep(digest);
    const contents = await this.#manifests.contents(digest, mediaType);
    if (contents === undefined) {
      if (await this.#manifests.has(digest)) throw new UnsearchableError(`the manifest ${digest} cannot be read`);
      this.#missing.add(digest);
      return [];
    }
    if (!contents.isManifest || contents.named === undefined)
      throw new UnsearchableError(`${digest} is listed as a manifest and cannot be understood as one`);
    const found: ListedManifest[] = [];
    for (const each of contents.named) await this.#add(each, found);
    return found;
  }

  async #addToWalk(found: Iterable<ListedManifest>): Promise<void> {
    await this.#walk.add(found);
    if (!this.#walk.isWhole) throw new UnsearchableError(`there are more than ${this.#walk.size} manifests`);
  }

  /** Keeps what is named, and adds it to `found` if it may lead further. */
  async #add(named: NamedContent, found: ListedManifest[]): Promise<void> {
    const { digest, mediaType, place } = named;
    const isLeaf = mediaType === undefined ? place === 'content' : isLeafOf(mediaType, place);
    if (!isDigest(digest)) {
      // Of an algorithm that is not stored here: a layer leads nowhere, and of the rest nobody knows where it leads.
      if (isLeaf || mediaType === undefined || !isDigestLike(digest)) return;
      throw new UnsearchableError(`${digest} cannot be looked up`);
    }
    this.keep(digest);
    if (isLeaf) return;
    if (mediaType !== undefined && isManifestType(mediaType)) {
      found.push({ digest, mediaType });
      return;
    }
    if (this.#walk.has(digest) || !(await this.#manifests.mayBeManifest(digest))) return;
    const contents = await this.#manifests.contents(digest, undefined);
    if (contents?.isManifest !== true)
      throw new UnsearchableError(`${digest} is of an unknown type, ${mediaType ?? 'none'}`);
    found.push({ digest });
  }
}

function isLeafOf(mediaType: string, place: NamedContent['place']): boolean {
  return place === 'content' ? !isManifestType(mediaType) : isLeafType(mediaType);
}

function manifestOf(digest: Digest, { mediaType }: NamedContent): ListedManifest {
  return { digest, mediaType };
}

function addTo(groups: Map<Digest, Digest[]>, key: Digest, value: Digest): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [value]);
  else group.push(value);
}
