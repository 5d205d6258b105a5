// What retention decided about one tag or manifest, with its reason in words.
import type { Digest } from '../../oci/digest.ts';
import type { Tag } from '../../oci/reference.ts';
import type { TagDecision } from './retention-plan.ts';
import type { RetentionRule } from './retention-rule.ts';

export interface Retained {
  /** The name that the repository is served under. */
  readonly repository: string;
  /** Undefined for a manifest that nothing leads to. */
  readonly tag: Tag | undefined;
  readonly digest: Digest;
  /** Counted from 1; undefined when no rule matches. */
  readonly rule: number | undefined;
  readonly stays: boolean;
  readonly why: string;
}

export function retainedTag(repository: string, decision: TagDecision, rules: readonly RetentionRule[]): Retained {
  const { facts, rule, keep } = decision;
  const { tag, digest } = facts;
  return { repository, tag, digest, rule, stays: keep !== undefined, why: reasonOf(decision, rules) };
}

export function removedManifest(repository: string, digest: Digest): Retained {
  const why = 'no tag, index or kept manifest has led to it for long enough';
  return { repository, tag: undefined, digest, rule: undefined, stays: false, why };
}

/** `rule 1: not among the newest 3, pushed 41 d ago, never pulled` */
function reasonOf({ facts, rule: number, keep }: TagDecision, rules: readonly RetentionRule[]): string {
  if (keep === 'companion') return 'it belongs to an image that is there';
  const rule = number === undefined ? undefined : rules[number - 1];
  if (rule === undefined) return 'no rule matches it';
  const reasons = keep === undefined ? whyNot(facts, rule) : [whySo(keep, facts, rule)];
  return `rule ${number}: ${reasons.join(', ')}`;
}

function whySo(keep: TagDecision['keep'], facts: TagDecision['facts'], rule: RetentionRule): string {
  if (keep === 'newest') return `among the newest ${rule.keepNewest}`;
  if (keep === 'pushed') return pushed(facts);
  return keep === 'pulled' ? pulled(facts) : 'it keeps all';
}

function whyNot(facts: TagDecision['facts'], rule: RetentionRule): readonly string[] {
  const reasons = [
    ...(rule.keepNewest === undefined ? [] : [`not among the newest ${rule.keepNewest}`]),
    ...(rule.keepPushedWithin === undefined ? [] : [pushed(facts)]),
    ...(rule.keepPulledWithin === undefined ? [] : [pulled(facts)]),
  ];
  return reasons.length === 0 ? ['it keeps nothing'] : reasons;
}

function pushed({ pushedAgoMs }: TagDecision['facts']): string {
  return `pushed ${ago(pushedAgoMs)} ago`;
}

function pulled({ pulledAgoMs }: TagDecision['facts']): string {
  return pulledAgoMs === undefined ? 'never pulled' : `pulled ${ago(pulledAgoMs)} ago`;
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** In the largest unit of which there are at least two. */
function ago(ms: number): string {
  const [name, length] = units.find(([, each]) => ms >= 2 * each) ?? ['s', 1_000];
  return `${Math.floor(ms / length)} ${name}`;
}
