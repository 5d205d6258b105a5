// Lets go of manifests that no tag, no index and no kept manifest leads to, once that was so for as long as an operator says. Their files stay
// to be rolled back to for a while, and are collected then.
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { isImageIndexType, isManifestType } from '../../oci/media-type.ts';
import { isReferrersTag } from '../../oci/referrers-tag.ts';
import type { LeaseFile } from '../blobs/lease-file.ts';
import type { LayoutChanges } from '../changes/layout-changes.ts';
import type { ReadLayout } from '../changes/read-layout.ts';
import type { Ages } from '../collection/ages.ts';
import { Marks } from '../collection/marks.ts';
import { tagOf } from '../index/entry-name.ts';
import type { IndexDraft } from '../index/index-draft.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import { useOfReferrersTag } from '../manifests/referrers.ts';
import { Pace } from '../pacing/pace.ts';
import { listedAgo } from './listed-ago.ts';

export interface UntaggedRun {
  /** How long they stay, in milliseconds. */
  readonly untaggedMs: number;
  readonly ages: Ages;
  /** Of somebody who knows that nobody pushes: what clients were told counts for nothing. */
  readonly ignoresLeases: boolean;
}

export interface UntaggedParts {
  readonly layout: ReadLayout;
  readonly leases: LeaseFile;
  /** What tags left, or was deleted, within so many milliseconds. */
  readonly leftWithin: (within: { readonly graceMs: number; readonly ages: Ages }) => Promise<ReadonlySet<Digest>>;
}

export interface UntaggedPlan {
  readonly digests: readonly Digest[];
  /** Indexes that were listed when it was made: another one may lead to what is to go. */
  readonly indexes: ReadonlySet<string>;
}

const nothing: UntaggedPlan = { digests: [], indexes: new Set() };
/** Taken off the list together. */
const maxTogether = 100;

export class UntaggedRetention {
  readonly #parts: UntaggedParts;
  /** The last list that was looked at for indexes that nobody knew of. */
  #looked: { readonly base: LayoutIndex; readonly hasNew: boolean; readonly plan: UntaggedPlan } | undefined;

  constructor(parts: UntaggedParts) {
    this.#parts = parts;
  }

  /** Throws UnsearchableError where nobody can tell what leads where, UNAVAILABLE (503). */
  async plan(run: UntaggedRun): Promise<UntaggedPlan> {
    const { layout } = this.#parts;
    const index = await layout.index.current();
    if (index === undefined) return nothing;
    const { kept, loose } = await this.#sorted(index, run);
    if (loose.size === 0) return nothing;
    const listed = new Set([...index.entries].flatMap(({ digest }) => digest ?? []));
    const marks = new Marks(layout.manifests, listed);
    await marks.addEntries({ entries: kept });
    for (const digest of await this.#leased(run)) if (loose.has(digest)) await marks.addUnlisted(digest);
    await marks.addReferrers(marks.unmarked);
    const digests = [...loose].filter((digest) => marks.unmarked.has(digest));
    return { digests, indexes: indexesIn(index.entries) };
  }

  /**
   * Takes them off the list. What was tagged since, what a client was told to be there, and everything once another index came, stays: that is
   * asked under the lock. Returns what went.
   */
  async apply(plan: UntaggedPlan, run: UntaggedRun, changes: LayoutChanges): Promise<readonly Digest[]> {
    const gone: Digest[] = [];
    for (let at = 0; at < plan.digests.length; at += maxTogether) {
      const together = plan.digests.slice(at, at + maxTogether);
      const removed = await Promise.all(together.map((digest) => this.#remove(digest, plan, run, changes)));
      gone.push(...together.filter((_, position) => removed[position]));
    }
    return gone;
  }

  async #remove(digest: Digest, plan: UntaggedPlan, run: UntaggedRun, changes: LayoutChanges): Promise<boolean> {
    const { layout } = this.#parts;
    const unless = async (draft: IndexDraft) =>
      draft.listed(digest).some(({ isNamed }) => isNamed) ||
      this.#hasNewIndex(draft, plan) ||
      (await this.#leased(run)).has(digest);
    const condition = { reference: digest, precondition: { match: 'any', noneMatch: undefined }, unless } as const;
    try {
      await changes.removeManifest(digest, layout.names.of(''), { how: 'retention', condition });
      return true;
    } catch (error) {
      // Somebody needs it by now, or deleted it.
      if (error instanceof RegistryError && error.code !== 'UNAVAILABLE') return false;
      throw error;
    }
  }

  async #leased({ ages, ignoresLeases }: UntaggedRun): Promise<ReadonlySet<Digest>> {
    return ignoresLeases ? new Set() : this.#parts.leases.read(ages);
  }

  #hasNewIndex(draft: IndexDraft, plan: UntaggedPlan): boolean {
    const isNew = ({ digest }: IndexEntry) => digest !== undefined && !plan.indexes.has(digest);
    if (this.#looked?.base !== draft.base || this.#looked.plan !== plan) {
      const hasNew = [...draft.base.entries].some((entry) => mayLead(entry) && isNew(entry));
      this.#looked = { base: draft.base, hasNew, plan };
    }
    return this.#looked.hasNew || draft.added.some((entry) => mayLead(entry) && isNew(entry));
  }

  /** What stays whatever happens, and manifests that stay only if something of that leads to them. */
  async #sorted(
    index: LayoutIndex,
    { untaggedMs, ages }: UntaggedRun,
  ): Promise<{ readonly kept: readonly IndexEntry[]; readonly loose: ReadonlySet<Digest> }> {
    const { layout, leftWithin } = this.#parts;
    const left = await leftWithin({ graceMs: untaggedMs, ages });
    const kept: IndexEntry[] = [];
    const loose = new Set<Digest>();
    const pace = new Pace();
    for (const entry of index.entries) {
      await pace.step();
      if (await this.#isResponse(entry)) continue;
      const { digest, mediaType, isNamed } = entry;
      const isManifest = mediaType === undefined || isManifestType(mediaType);
      const isLoose = digest !== undefined && isManifest && !isNamed && !left.has(digest);
      if (isLoose && (await listedAgo(entry, layout, ages)) > untaggedMs) loose.add(digest);
      else kept.push(entry);
    }
    for (const { digest } of kept) if (digest !== undefined) loose.delete(digest);
    return { kept, loose };
  }

  /** It lists referrers for clients that know no API, is made again with each of them, and keeps nothing. */
  async #isResponse(entry: IndexEntry): Promise<boolean> {
    if (entry.responseFor !== undefined) return true;
    const tag = tagOf(entry.name);
    if (tag === undefined || !isReferrersTag(tag)) return false;
    return (await useOfReferrersTag(entry, this.#parts.layout.manifests)) === 'response';
  }
}

function mayLead({ mediaType }: IndexEntry): boolean {
  return mediaType === undefined || isImageIndexType(mediaType);
}

function indexesIn(entries: Iterable<IndexEntry>): ReadonlySet<string> {
  return new Set([...entries].filter(mayLead).flatMap(({ digest }) => digest ?? []));
}
