// What is odd about rules of retention, in words for an operator: said at the start and by a dry run, before anything goes.

import type { TagDecision } from './retention-plan.ts';
import { concernsRepository, concernsTag, type RetentionRule, type RetentionRules } from './retention-rule.ts';

/** By themselves, whatever is stored. */
export function oddRules({ retention: rules, untagged }: RetentionRules): readonly string[] {
  const freesNothing = untagged === 'keep' && rules.some(({ keepAll }) => keepAll !== true);
  return [
    ...rules.flatMap((rule, at) => oddRule(rule, at, rules)),
    ...(freesNothing ? ['retention frees no space: the manifests of tags that go are kept (untagged: keep)'] : []),
  ];
}

function oddRule(rule: RetentionRule, at: number, rules: readonly RetentionRule[]): readonly string[] {
  const number = at + 1;
  const shadow = rules.slice(0, at).findIndex((earlier) => covers(earlier, rule));
  const problems: string[] = [];
  if (shadow >= 0)
    problems.push(`retention rule ${number} is never asked: rule ${shadow + 1} matches all that it matches`);
  if (rule.keepAll === true && keepsOf(rule) > 0)
    problems.push(`retention rule ${number} contradicts itself: with keepAll its other keeps mean nothing`);
  if (rule.keepAll !== true && keepsOf(rule) === 0)
    problems.push(`retention rule ${number} keeps nothing: every tag that it matches goes`);
  return problems;
}

function keepsOf({ keepNewest, keepPushedWithin, keepPulledWithin }: RetentionRule): number {
  return [keepNewest, keepPushedWithin, keepPulledWithin].filter((keep) => keep !== undefined).length;
}

/** Certain only where a pattern is the same, or matches everything. */
function covers(earlier: RetentionRule, later: RetentionRule): boolean {
  const coversAll = (globs: RetentionRule['tags'], others: RetentionRule['tags'], everything: readonly string[]) =>
    globs.some(({ text }) => everything.includes(text)) ||
    others.every((other) => globs.some(({ text }) => text === other.text));
  return (
    coversAll(earlier.repositories, later.repositories, ['**']) && coversAll(earlier.tags, later.tags, ['*', '**'])
  );
}

/** By what they come to: repositories in which no tag would be left. */
export function emptied(repository: string, decisions: readonly TagDecision[]): string | undefined {
  const judged = decisions.filter(({ keep }) => keep !== 'companion');
  if (judged.length === 0 || judged.some(({ keep }) => keep !== undefined)) return undefined;
  const rules = [...new Set(judged.map(({ rule }) => rule))].join(' and ');
  const which = judged.length === 1 ? 'the only tag' : `all ${judged.length} tags`;
  return `retention rule ${rules} would remove ${which} of ${repository}`;
}

/** Which rules matched something, over any number of repositories. */
export class RuleUse {
  readonly #rules: readonly RetentionRule[];
  readonly #used = new Set<number>();

  constructor(rules: readonly RetentionRule[]) {
    this.#rules = rules;
  }

  note(repository: string, tags: readonly string[]): void {
    for (const [at, rule] of this.#rules.entries()) {
      if (this.#used.has(at) || !concernsRepository(rule, repository)) continue;
      if (tags.some((tag) => concernsTag(rule, tag))) this.#used.add(at);
    }
  }

  unused(): readonly string[] {
    return this.#rules.flatMap((rule, at) => {
      if (this.#used.has(at)) return [];
      const [repositories, tags] = [rule.repositories, rule.tags].map((globs) =>
        globs.map(({ text }) => text).join(', '),
      );
      return [`retention rule ${at + 1} matches nothing: there is no tag ${tags} in repositories ${repositories}`];
    });
  }
}
