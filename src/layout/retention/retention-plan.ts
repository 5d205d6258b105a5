// Which tags of one repository stay, and which rule decided it. Pure: times are ages already, so that no clock that jumped decides.
import type { Digest } from '../../oci/digest.ts';
import type { Tag } from '../../oci/reference.ts';
import { concernsRepository, concernsTag, type RetentionRule } from './retention-rule.ts';

export interface TagFacts {
  readonly tag: Tag;
  readonly digest: Digest;
  /** Milliseconds since it was pushed last, also without a change. */
  readonly pushedAgoMs: number;
  /** Since somebody pulled it, or the same image by digest; undefined: nobody did as far as is known. */
  readonly pulledAgoMs: number | undefined;
  /** A tag of cosign, or a referrers response: it stays with the image that it belongs to, which is there. */
  readonly isCompanion: boolean;
}

/** Why a tag stays. */
export type Keep = 'no rule' | 'companion' | 'all' | 'newest' | 'pushed' | 'pulled';

export interface TagDecision {
  readonly facts: TagFacts;
  /** Counted from 1, in the order of the setting; undefined when no rule matches. */
  readonly rule: number | undefined;
  /** Undefined: the tag goes. */
  readonly keep: Keep | undefined;
}

/** In the order of `tags`. */
export function planRetention(
  repository: string,
  tags: readonly TagFacts[],
  rules: readonly RetentionRule[],
): readonly TagDecision[] {
  const concerned = rules.flatMap((rule, at) =>
    concernsRepository(rule, repository) ? [{ rule, number: at + 1 }] : [],
  );
  const ruleOf = ({ tag, isCompanion }: TagFacts) =>
    isCompanion ? undefined : concerned.find(({ rule }) => concernsTag(rule, tag));
  const matched = tags.map((facts) => ({ facts, found: ruleOf(facts) }));
  const newest = new Set<TagFacts>();
  for (const { rule, number } of concerned) {
    const own = matched.filter(({ found }) => found?.number === number).map(({ facts }) => facts);
    for (const facts of own.sort(newestFirst).slice(0, rule.keepNewest ?? 0)) newest.add(facts);
  }
  return matched.map(({ facts, found }) => {
    if (facts.isCompanion) return { facts, rule: undefined, keep: 'companion' };
    if (found === undefined) return { facts, rule: undefined, keep: 'no rule' };
    return { facts, rule: found.number, keep: keepOf(facts, found.rule, newest) };
  });
}

function keepOf(facts: TagFacts, rule: RetentionRule, newest: ReadonlySet<TagFacts>): Keep | undefined {
  if (rule.keepAll === true) return 'all';
  if (newest.has(facts)) return 'newest';
  if (isWithin(facts.pushedAgoMs, rule.keepPushedWithin)) return 'pushed';
  return isWithin(facts.pulledAgoMs, rule.keepPulledWithin) ? 'pulled' : undefined;
}

function isWithin(agoMs: number | undefined, limitMs: number | undefined): boolean {
  return agoMs !== undefined && limitMs !== undefined && agoMs <= limitMs;
}

/** What came to the disk at once, as by a copy, is ordered by its names: v10 is later than v9. */
const versionOrder = new Intl.Collator('en', { numeric: true });

function newestFirst(one: TagFacts, other: TagFacts): number {
  return one.pushedAgoMs - other.pushedAgoMs || versionOrder.compare(other.tag, one.tag);
}
