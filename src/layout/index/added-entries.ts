// The entries that a draft adds, by what they are asked for: a reconcile adds tens of thousands at once.
import type { Digest } from '../../oci/digest.ts';
import type { Tag } from '../../oci/reference.ts';
import { isReferrersTag } from '../../oci/referrers-tag.ts';
import type { IndexEntry } from './index-entry.ts';

export class AddedEntries {
  /** In the order in which they were added. */
  readonly #all = new Set<IndexEntry>();
  readonly #byTag = new Map<Tag, Set<IndexEntry>>();
  readonly #byDigest = new Map<Digest, Set<IndexEntry>>();
  readonly #byResponse = new Map<Digest, Set<IndexEntry>>();
  readonly #fullNames = new Set<IndexEntry>();
  #images = 0;

  get all(): ReadonlySet<IndexEntry> {
    return this.#all;
  }

  get fullNames(): Iterable<IndexEntry> {
    return this.#fullNames;
  }

  /** True when one has a bare tag that is no referrers tag. */
  get hasTags(): boolean {
    return this.#images > 0;
  }

  tagged(tag: Tag): Iterable<IndexEntry> {
    return this.#byTag.get(tag) ?? [];
  }

  listed(digest: Digest): Iterable<IndexEntry> {
    return this.#byDigest.get(digest) ?? [];
  }

  responsesFor(subject: Digest): Iterable<IndexEntry> {
    return this.#byResponse.get(subject) ?? [];
  }

  add(entry: IndexEntry): void {
    const { name, digest, responseFor } = entry;
    this.#all.add(entry);
    if (name.kind === 'full') this.#fullNames.add(entry);
    if (name.kind === 'tag') into(this.#byTag, name.tag, entry);
    if (name.kind === 'tag' && !isReferrersTag(name.tag)) this.#images += 1;
    if (digest !== undefined) into(this.#byDigest, digest, entry);
    if (responseFor !== undefined) into(this.#byResponse, responseFor, entry);
  }

  /** False when it is none of them. */
  remove(entry: IndexEntry): boolean {
    if (!this.#all.delete(entry)) return false;
    const { name, digest, responseFor } = entry;
    this.#fullNames.delete(entry);
    if (name.kind === 'tag') this.#byTag.get(name.tag)?.delete(entry);
    if (name.kind === 'tag' && !isReferrersTag(name.tag)) this.#images -= 1;
    if (digest !== undefined) this.#byDigest.get(digest)?.delete(entry);
    if (responseFor !== undefined) this.#byResponse.get(responseFor)?.delete(entry);
    return true;
  }
}

function into<K>(groups: Map<K, Set<IndexEntry>>, key: K, entry: IndexEntry): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, new Set([entry]));
  else group.add(entry);
}
