// The parsed, immutable snapshot of index.json: by tag, by digest, by the subject of a response. One look-up per request, no walk.
import type { Digest } from '../../oci/digest.ts';
import type { Tag } from '../../oci/reference.ts';
import { isReferrersTag } from '../../oci/referrers-tag.ts';
import type { IndexDocument } from './index-document.ts';
import type { IndexEntry } from './index-entry.ts';
import type { IndexSegment } from './index-segment.ts';
import { LayeredMap } from './layered-map.ts';

type Entries = readonly IndexEntry[];
const none: Entries = [];
const noDigests: ReadonlySet<Digest> = new Set();

interface Lookups {
  readonly byTag: LayeredMap<Tag, Entries>;
  readonly byDigest: LayeredMap<Digest, Entries>;
  readonly untagged: LayeredMap<Digest, Entries>;
  readonly byResponse: LayeredMap<Digest, Entries>;
  /** Entries with full names, under one key: few layouts have any. */
  readonly fullNames: LayeredMap<'full', Entries>;
}

export class LayoutIndex {
  readonly document: IndexDocument;
  readonly #lookups: Lookups;
  #tags: readonly Tag[] | undefined;
  #hasTags: boolean | undefined;

  private constructor(document: IndexDocument, lookups: Lookups) {
    this.document = document;
    this.#lookups = lookups;
  }

  static of(document: IndexDocument): LayoutIndex {
    return new LayoutIndex(document, {
      byTag: LayeredMap.of(grouped(document.entries, tagOf)),
      byDigest: LayeredMap.of(grouped(document.entries, digestOf)),
      untagged: LayeredMap.of(grouped(document.entries, untaggedOf)),
      byResponse: LayeredMap.of(grouped(document.entries, responseOf)),
      fullNames: LayeredMap.of(grouped(document.entries, fullNameOf)),
    });
  }

  /** Nothing: only a draft holds manifests that are being deleted. */
  get withdrawn(): ReadonlySet<Digest> {
    return noDigests;
  }

  get entries(): Entries {
    return this.document.entries;
  }

  /** Entries whose name is that bare tag, in the order of the file. */
  tagged(tag: Tag): Entries {
    return this.#lookups.byTag.get(tag) ?? none;
  }

  /** Entries with full names, e.g. of a docker save; their tags are worked out by names/. */
  get fullNames(): Entries {
    return this.#lookups.fullNames.get('full') ?? none;
  }

  /** True when something has a bare tag of its own; a referrers response under its tag is no image that anybody named. */
  get hasTags(): boolean {
    this.#hasTags ??= this.#lookups.byTag.some((tag) => !isReferrersTag(tag));
    return this.#hasTags;
  }

  listed(digest: Digest): Entries {
    return this.#lookups.byDigest.get(digest) ?? none;
  }

  /** Entries of the digest without a name: few, where thousands of tags may name the same manifest. */
  untagged(digest: Digest): Entries {
    return this.#lookups.untagged.get(digest) ?? none;
  }

  /** Entries marked as the referrers response of a subject by olareg's annotation or the proposed one. */
  responsesFor(subject: Digest): Entries {
    return this.#lookups.byResponse.get(subject) ?? none;
  }

  /** Bare tags, in byte order (distribution-spec main, Listing Tags); the referrers tags are among them. */
  tags(): readonly Tag[] {
    this.#tags ??= [...this.#lookups.byTag.keys()].sort(byteOrder);
    return this.#tags;
  }

  /** The snapshot of `document`, which differs from this one's by the given entries: shares the rest of the look-ups. */
  derive(document: IndexDocument, removed: ReadonlySet<IndexEntry>, added: Entries): LayoutIndex {
    const changed = [...removed, ...added];
    const { byTag, byDigest, untagged, byResponse, fullNames } = this.#lookups;
    const next = new LayoutIndex(document, {
      byTag: rederive(byTag, tagOf, changed, removed, added),
      byDigest: rederive(byDigest, digestOf, changed, removed, added),
      untagged: rederive(untagged, untaggedOf, changed, removed, added),
      byResponse: rederive(byResponse, responseOf, changed, removed, added),
      fullNames: rederive(fullNames, fullNameOf, changed, removed, added),
    });
    if (changed.every((entry) => entry.name.kind !== 'tag')) next.#tags = this.#tags;
    return next;
  }

  /** The snapshot of a document that another process or tool wrote: derived when it shares most entries with this one. */
  reread(document: IndexDocument): LayoutIndex {
    if (document === this.document) return this;
    const segments = apart(this.document.segments, document.segments);
    const entriesOf = (all: readonly IndexSegment[]) => all.flatMap(({ entries }) => entries);
    const [removed, added] = apart(entriesOf(segments[0]), entriesOf(segments[1]));
    handOnFacts(removed, added);
    if (removed.length + added.length > 512) return LayoutIndex.of(document);
    return this.derive(document, new Set(removed), added);
  }
}

/** Both lists without what they share at the start and at the end. */
function apart<Each>(one: readonly Each[], other: readonly Each[]): readonly [readonly Each[], readonly Each[]] {
  const limit = Math.min(one.length, other.length);
  let start = 0;
  while (start < limit && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < limit - start && one[one.length - 1 - end] === other[other.length - 1 - end]) end += 1;
  return [one.slice(start, one.length - end), other.slice(start, other.length - end)];
}

/** A tool that writes the same entries in its own form has not changed what their manifests say: nobody need read them all again. */
function handOnFacts(from: Entries, to: Entries): void {
  const keyOf = ({ digest, mediaType }: IndexEntry) => `${digest} ${mediaType}`;
  const known = new Map(from.flatMap((entry) => (entry.facts === undefined ? [] : [[keyOf(entry), entry.facts]])));
  if (known.size === 0) return;
  for (const entry of to) entry.facts ??= known.get(keyOf(entry));
}

/** Tags and names are ASCII, where the order of UTF-16 code units is the order of bytes. */
export function byteOrder(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

const tagOf = ({ name }: IndexEntry) => (name.kind === 'tag' ? name.tag : undefined);
const fullNameOf = ({ name }: IndexEntry) => (name.kind === 'full' ? 'full' : undefined);
const digestOf = (entry: IndexEntry) => entry.digest;
const untaggedOf = (entry: IndexEntry) => (entry.isNamed ? undefined : entry.digest);
const responseOf = (entry: IndexEntry) => entry.responseFor;

function grouped<K>(entries: Entries, keyOf: (entry: IndexEntry) => K | undefined): Map<K, Entries> {
  const groups = new Map<K, IndexEntry[]>();
  for (const entry of entries) {
    const key = keyOf(entry);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [entry]);
    else group.push(entry);
  }
  return groups;
}

function rederive<K>(
  map: LayeredMap<K, Entries>,
  keyOf: (entry: IndexEntry) => K | undefined,
  changed: Entries,
  removed: ReadonlySet<IndexEntry>,
  added: Entries,
): LayeredMap<K, Entries> {
  const additions = grouped(added, keyOf);
  const changes = new Map<K, Entries | undefined>();
  for (const key of grouped(changed, keyOf).keys()) {
    const kept = (map.get(key) ?? none).filter((entry) => !removed.has(entry));
    const entries = [...kept, ...(additions.get(key) ?? none)];
    changes.set(key, entries.length === 0 ? undefined : entries);
  }
  return map.with(changes);
}
