// Lets go of the tags of one layout that no rule keeps: a decision for each, then edits of index.json like those of any client.

import { cosignTagParts } from '../../oci/cosign-tag.ts';
import { isDigest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { PreconditionFailedError } from '../../oci/precondition.ts';
import type { Tag } from '../../oci/reference.ts';
import { isReferrersTag } from '../../oci/referrers-tag.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { LayoutChanges } from '../changes/layout-changes.ts';
import type { ReadLayout } from '../changes/read-layout.ts';
import type { Ages } from '../collection/ages.ts';
import type { IndexEntry } from '../index/index-entry.ts';
import type { LayoutIndex } from '../index/layout-index.ts';
import { useOfReferrersTag } from '../manifests/referrers.ts';
import type { VirtualPath } from '../names/name-table.ts';
import type { RepositoryNames } from '../names/repository-names.ts';
import { Pace } from '../pacing/pace.ts';
import { type KnownTimes, timeKey } from '../times/tag-time-lines.ts';
import { TagTimesFile, tidyTagTimes } from '../times/tag-times-file.ts';
import { least, listedAgo } from './listed-ago.ts';
import { planRetention, type TagDecision, type TagFacts } from './retention-plan.ts';
import type { RetentionRule } from './retention-rule.ts';

export interface RetentionRun {
  readonly rules: readonly RetentionRule[];
  readonly ages: Ages;
  /** The name that a repository of the layout is served under. */
  readonly nameOf: (path: VirtualPath) => string;
}

/** The decisions about one repository of a layout. */
export interface RepositoryRetention {
  readonly path: VirtualPath;
  readonly repository: string;
  readonly decisions: readonly TagDecision[];
  /** By which they were made. */
  readonly times: KnownTimes;
}

/** Untagged together: pushes to the layout wait for one replacement of index.json. */
const maxTogether = 100;

export class LayoutRetention {
  readonly #layout: ReadLayout;
  readonly #times: TagTimesFile;

  constructor(layout: ReadLayout) {
    this.#layout = layout;
    this.#times = new TagTimesFile(layout.store, layout.keys.tagTimes);
  }

  /** Of every tag that is there now; empty where no rule is about the layout. Throws UNAVAILABLE (503). */
  async plan({ rules, ages, nameOf }: RetentionRun): Promise<readonly RepositoryRetention[]> {
    const index = await this.#layout.index.current();
    if (index === undefined || rules.length === 0) return [];
    const known = await this.#times.read();
    const planned: RepositoryRetention[] = [];
    const agesNow = ages.atOnce();
    for (const path of this.#layout.names.table(index)?.listed ?? ['']) {
      const names = this.#layout.names.of(path);
      const facts = await this.#factsOf(index, names, known, agesNow);
      const repository = nameOf(path);
      planned.push({ path, repository, decisions: planRetention(repository, facts, rules), times: known });
    }
    return planned;
  }

  /**
   * Takes away the tags that are to go. A tag that was moved, or pushed again, since it was decided about stays: that is asked under the
   * lock, after the push noted its time. Returns the decisions that were carried out. Throws UNAVAILABLE (503).
   */
  async apply(planned: readonly RepositoryRetention[], changes: LayoutChanges): Promise<ReadonlySet<TagDecision>> {
    const done = new Set<TagDecision>();
    for (const { path, decisions, times } of planned) {
      const names = this.#layout.names.of(path);
      const going = decisions.filter(({ keep }) => keep === undefined);
      for (let at = 0; at < going.length; at += maxTogether) {
        const together = going.slice(at, at + maxTogether);
        await Promise.all(
          together.map(async (decision) => {
            if (await this.#untag(decision.facts, names, times, changes)) done.add(decision);
          }),
        );
      }
    }
    return done;
  }

  /** Drops noted times that say nothing more, so that the file stays small enough to be read. Throws UNAVAILABLE (503). */
  async tidy(store: ObjectStore): Promise<void> {
    const index = await this.#layout.index.current();
    const { names, keys } = this.#layout;
    await tidyTagTimes(store, keys.tagTimes, (of) => {
      if (index === undefined) return false;
      if (isDigest(of)) return index.listed(of).length > 0;
      const [tag = '', path = ''] = of.split(' ');
      return names.of(path as VirtualPath).entryOf(index, tag as Tag) !== undefined;
    });
  }

  async #untag(
    { tag, digest }: TagFacts,
    names: RepositoryNames,
    decidedBy: KnownTimes,
    changes: LayoutChanges,
  ): Promise<boolean> {
    const key = timeKey(names.path, tag);
    const pushedAtMs = decidedBy.pushes.get(key);
    const condition = {
      reference: tag,
      precondition: { match: [digest], noneMatch: undefined },
      unless: async () => (await this.#times.read()).pushes.get(key) !== pushedAtMs,
    };
    try {
      await changes.untag(tag, names, { how: 'retention', condition });
      return true;
    } catch (error) {
      // Somebody moved, pushed or deleted it since.
      if (error instanceof PreconditionFailedError) return false;
      if (error instanceof RegistryError && error.code !== 'UNAVAILABLE') return false;
      throw error;
    }
  }

  async #factsOf(
    index: LayoutIndex,
    names: RepositoryNames,
    known: KnownTimes,
    ages: Ages,
  ): Promise<readonly TagFacts[]> {
    const facts: TagFacts[] = [];
    const pace = new Pace();
    for (const tag of names.tags(index) ?? index.tags()) {
      await pace.step();
      const entry = names.entryOf(index, tag);
      if (entry?.digest === undefined) continue;
      const pulled = [known.pulls.get(timeKey(names.path, tag)), known.pulls.get(entry.digest)];
      facts.push({
        tag,
        digest: entry.digest,
        pushedAgoMs: await listedAgo(entry, this.#layout, ages, known.pushes.get(timeKey(names.path, tag))),
        pulledAgoMs: least(pulled.map((atMs) => (atMs === undefined ? undefined : ages.since(atMs)))),
        isCompanion: await this.#isCompanion(index, tag, entry),
      });
    }
    return facts;
  }

  async #isCompanion(index: LayoutIndex, tag: Tag, entry: IndexEntry): Promise<boolean> {
    const { derived, manifests } = this.#layout;
    const signed = cosignTagParts(tag)?.subject;
    if (signed !== undefined && isDigest(signed)) {
      return index.listed(signed).length > 0 || (await derived.of(index).mediaTypeOfChild(signed)) !== undefined;
    }
    return isReferrersTag(tag) && (await useOfReferrersTag(entry, manifests)) !== 'ordinary';
  }
}
