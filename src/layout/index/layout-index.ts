// The parsed, immutable snapshot of index.json: by tag, by digest, by the subject of a response. One look-up per request, no walk.
import type { Digest } from '../../oci/digest.ts';
import type { Tag } from '../../oci/reference.ts';
import { isReferrersTag } from '../../oci/referrers-tag.ts';
import { finished, paced, type SteppedWork } from '../pacing/steps.ts';
import type { IndexDocument } from './index-document.ts';
import type { IndexEntry } from './index-entry.ts';
import type { IndexSegment } from './index-segment.ts';
import { SharedMap } from './shared-map.ts';
import { sortedTags, type TagsBefore, tagsAfter } from './tag-order.ts';

type Entries = readonly IndexEntry[];
const none: Entries = [];
const noDigests: ReadonlySet<Digest> = new Set();

interface Lookups {
  readonly byTag: SharedMap<Tag, Entries>;
  readonly byDigest: SharedMap<Digest, Entries>;
  readonly untagged: SharedMap<Digest, Entries>;
  readonly byResponse: SharedMap<Digest, Entries>;
  /** Entries with full names, under one key: few layouts have any. */
  readonly fullNames: SharedMap<'full', Entries>;
  readonly counts: Counts;
}

/** Where more changed, all is made anew. */
const mostDerived = 512;

export class LayoutIndex {
  readonly document: IndexDocument;
  readonly #lookups: Lookups;
  #tags: readonly Tag[] | undefined;
  /** The tags of an earlier snapshot, and which may have come or gone since. */
  #tagsBefore: TagsBefore | undefined;

  private constructor(document: IndexDocument, lookups: Lookups) {
    this.document = document;
    this.#lookups = lookups;
  }

  static of(document: IndexDocument): LayoutIndex {
    return finished(LayoutIndex.#making(document));
  }

  /** The same, in turns. */
  static inTurns(document: IndexDocument): Promise<LayoutIndex> {
    return paced(LayoutIndex.#making(document));
  }

  static *#making(document: IndexDocument): SteppedWork<LayoutIndex> {
    const byTag = new Groups(tagOf);
    const byDigest = new Groups(digestOf);
    const untagged = new Groups(untaggedOf);
    const byResponse = new Groups(responseOf);
    const fullNames = new Groups(fullNameOf);
    const groups = [byTag, byDigest, untagged, byResponse, fullNames];
    let counts = noCounts;
    for (const { entries } of document.segments) {
      for (const each of groups) each.add(entries);
      counts = counted(counts, entries, 1);
      yield;
    }
    return new LayoutIndex(document, {
      byTag: byTag.finish(),
      byDigest: byDigest.finish(),
      untagged: untagged.finish(),
      byResponse: byResponse.finish(),
      fullNames: fullNames.finish(),
      counts,
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
    return this.#lookups.counts.images > 0;
  }

  /** True when something has the tag under which clients without the referrers API look. */
  get hasReferrersTags(): boolean {
    return this.#lookups.counts.referrersTags > 0;
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
    return finished(this.#sorting());
  }

  /** The same, in turns. */
  tagsInTurns(): Promise<readonly Tag[]> {
    return paced(this.#sorting());
  }

  *#sorting(): SteppedWork<readonly Tag[]> {
    if (this.#tags !== undefined) return this.#tags;
    const { byTag } = this.#lookups;
    const before = this.#tagsBefore;
    const isThere = (tag: Tag) => byTag.get(tag) !== undefined;
    const tags = yield* before === undefined ? sortedTags(byTag.keys()) : tagsAfter(before, isThere);
    // Whoever sorted meanwhile came to the same: it is one list for all who ask.
    this.#tags ??= tags;
    this.#tagsBefore = undefined;
    return this.#tags;
  }

  /** The snapshot of `document`, which differs from this one's by the given entries: shares the rest of the look-ups. */
  derive(document: IndexDocument, removed: ReadonlySet<IndexEntry>, added: Entries): LayoutIndex {
    const change: EntryChange = { removed: [...removed], added };
    const { byTag, byDigest, untagged, byResponse, fullNames, counts } = this.#lookups;
    const next = new LayoutIndex(document, {
      byTag: rederive(byTag, tagOf, change),
      byDigest: rederive(byDigest, digestOf, change),
      untagged: rederive(untagged, untaggedOf, change),
      byResponse: rederive(byResponse, responseOf, change),
      fullNames: rederive(fullNames, fullNameOf, change),
      counts: counted(counted(counts, change.removed, -1), added, 1),
    });
    next.#tagsBefore = this.#tagsBeforeAlso([...change.removed, ...added].flatMap((entry) => tagOf(entry) ?? []));
    return next;
  }

  /** Undefined where nobody asked for the tags since so many changed that it is no less work to sort them all. */
  #tagsBeforeAlso(changed: readonly Tag[]): TagsBefore | undefined {
    const before = this.#tags === undefined ? this.#tagsBefore : { tags: this.#tags, changed: noTags };
    if (before === undefined || before.changed.size + changed.length > mostTagsChanged) return undefined;
    return { tags: before.tags, changed: new Set([...before.changed, ...changed]) };
  }

  /** The snapshot of a document that another process or tool wrote: derived when it shares most entries with this one. */
  reread(document: IndexDocument): LayoutIndex {
    return finished(this.#rereading(document));
  }

  /** The same, in turns: it may share nothing, and have a hundred thousand entries. */
  rereadInTurns(document: IndexDocument): Promise<LayoutIndex> {
    return paced(this.#rereading(document));
  }

  *#rereading(document: IndexDocument): SteppedWork<LayoutIndex> {
    if (document === this.document) return this;
    const segments = apart(this.document.segments, document.segments);
    const [before, after] = [yield* entriesOf(segments[0]), yield* entriesOf(segments[1])];
    const [removed, added] = apart(before, after);
    yield* handOnFacts(removed, added);
    if (removed.length + added.length > mostDerived) return yield* LayoutIndex.#making(document);
    const gone = new Set(removed);
    // What came is put behind what is there, which is its place where it stands last, or nothing else is called the same.
    const isInOrder = added.at(-1) === document.segments.at(-1)?.entries.at(-1) || !this.#sharesNames(gone, added);
    if (!isInOrder) return yield* LayoutIndex.#making(document);
    return this.derive(document, gone, added);
  }

  /** Whether one that came is called as one that stays. */
  #sharesNames(gone: ReadonlySet<IndexEntry>, added: Entries): boolean {
    return added.some((entry) => {
      const tag = tagOf(entry);
      const called = tag !== undefined ? this.tagged(tag) : fullNameOf(entry) !== undefined ? this.fullNames : none;
      return called.some((each) => !gone.has(each));
    });
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

function* entriesOf(segments: readonly IndexSegment[]): SteppedWork<Entries> {
  const all: IndexEntry[] = [];
  for (const { entries } of segments) {
    for (const entry of entries) all.push(entry);
    yield;
  }
  return all;
}

/** What is handed on in one step. */
const entriesInAStep = 256;

/** A tool that writes the same entries in its own form has not changed what their manifests say: nobody need read them all again. */
function* handOnFacts(from: Entries, to: Entries): SteppedWork<void> {
  const keyOf = ({ digest, mediaType }: IndexEntry) => `${digest} ${mediaType}`;
  const known = new Map<string, IndexEntry['facts']>();
  for (const [at, entry] of from.entries()) {
    if (entry.facts !== undefined) known.set(keyOf(entry), entry.facts);
    if (at % entriesInAStep === 0) yield;
  }
  for (const [at, entry] of known.size === 0 ? [] : to.entries()) {
    entry.facts ??= known.get(keyOf(entry));
    if (at % entriesInAStep === 0) yield;
  }
}

const tagOf = ({ name }: IndexEntry) => (name.kind === 'tag' ? name.tag : undefined);
const fullNameOf = ({ name }: IndexEntry) => (name.kind === 'full' ? ('full' as const) : undefined);
const digestOf = (entry: IndexEntry) => entry.digest;
const untaggedOf = (entry: IndexEntry) => (entry.isNamed ? undefined : entry.digest);
const responseOf = (entry: IndexEntry) => entry.responseFor;

/** Entries by a key, while there is no index of them yet. */
class Groups<K extends string> {
  readonly #keyOf: (entry: IndexEntry) => K | undefined;
  readonly #groups = SharedMap.of<K, IndexEntry[]>([]).draft();

  constructor(keyOf: (entry: IndexEntry) => K | undefined) {
    this.#keyOf = keyOf;
  }

  add(entries: Entries): void {
    for (const entry of entries) {
      const key = this.#keyOf(entry);
      if (key === undefined) continue;
      const group = this.#groups.get(key);
      if (group === undefined) this.#groups.set(key, [entry]);
      else group.push(entry);
    }
  }

  finish(): SharedMap<K, Entries> {
    return this.#groups.finish();
  }
}

function grouped<K>(entries: Entries, keyOf: (entry: IndexEntry) => K | undefined): Map<K, IndexEntry[]> {
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

interface EntryChange {
  readonly removed: Entries;
  readonly added: Entries;
}

function rederive<K extends string>(
  map: SharedMap<K, Entries>,
  keyOf: (entry: IndexEntry) => K | undefined,
  { removed, added }: EntryChange,
): SharedMap<K, Entries> {
  const [gone, come] = [grouped(removed, keyOf), grouped(added, keyOf)];
  const changes = new Map<K, Entries | undefined>();
  for (const key of [...gone.keys(), ...come.keys()]) {
    const taken = new Set(gone.get(key));
    const before = map.get(key) ?? none;
    // A manifest may have ten thousand tags: one more of them is no reason to look at the others.
    const kept = taken.size === 0 ? before : before.filter((entry) => !taken.has(entry));
    const entries = kept.concat(come.get(key) ?? none);
    changes.set(key, entries.length === 0 ? undefined : entries);
  }
  return map.with(changes);
}

/** How many entries have a bare tag. */
interface Counts {
  /** One that is no referrers tag. */
  readonly images: number;
  readonly referrersTags: number;
}

const noCounts: Counts = { images: 0, referrersTags: 0 };

function counted({ images, referrersTags }: Counts, entries: Entries, by: 1 | -1): Counts {
  const tags = entries.flatMap((entry) => tagOf(entry) ?? []);
  const referrers = tags.filter(isReferrersTag).length;
  return { images: images + by * (tags.length - referrers), referrersTags: referrersTags + by * referrers };
}

const noTags: ReadonlySet<Tag> = new Set();
const mostTagsChanged = 4_096;
