// Which tags a list of rules keeps.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRetention, type TagFacts } from '../../../../src/layout/retention/retention-plan.ts';
import type { RetentionRule } from '../../../../src/layout/retention/retention-rule.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { NameGlob } from '../../../../src/oci/name-glob.ts';
import type { Tag } from '../../../../src/oci/reference.ts';

const day = 86_400_000;

function globs(...texts: string[]): readonly NameGlob[] {
  return texts.map((text) => {
    const glob = NameGlob.parse(text);
    if (glob === undefined) throw new Error(`${text} is no pattern`);
    return glob;
  });
}

function rule(keeps: Omit<RetentionRule, 'repositories' | 'tags'>, tags = '*', repositories = '**'): RetentionRule {
  return { repositories: globs(repositories), tags: globs(tags), ...keeps };
}

function facts(tag: string, pushedDaysAgo: number, pulledDaysAgo?: number, isCompanion = false): TagFacts {
  const pulledAgoMs = pulledDaysAgo === undefined ? undefined : pulledDaysAgo * day;
  return {
    tag: tag as Tag,
    digest: digestOf(Buffer.from(tag)),
    pushedAgoMs: pushedDaysAgo * day,
    pulledAgoMs,
    isCompanion,
  };
}

function decided(
  tags: readonly TagFacts[],
  rules: readonly RetentionRule[],
  repository = 'team/app',
): readonly string[] {
  return planRetention(repository, tags, rules).map(
    ({ facts: { tag }, rule: number, keep }) =>
      `${tag}: ${keep ?? 'goes'}${number === undefined ? '' : ` (${number})`}`,
  );
}

describe('a plan of retention', () => {
  it('keeps everything without rules, and what no rule matches', () => {
    expect(decided([facts('v1', 900)], [])).toEqual(['v1: no rule']);
    expect(decided([facts('v1', 900)], [rule({ keepNewest: 1 }, 'pr-*')])).toEqual(['v1: no rule']);
    expect(decided([facts('v1', 900)], [rule({}, '*', 'other/**')])).toEqual(['v1: no rule']);
  });

  it('asks the first rule that matches, and no other', () => {
    const rules = [rule({ keepAll: true }, 'v*'), rule({ keepPushedWithin: 10 * day })];
    expect(decided([facts('v1', 900), facts('pr-1', 11), facts('pr-2', 9)], rules)).toEqual([
      'v1: all (1)',
      'pr-1: goes (2)',
      'pr-2: pushed (2)',
    ]);
  });

  it('counts the newest among the tags of its rule in the repository alone', () => {
    const tags = [facts('v1', 3), facts('pr-1', 5), facts('pr-2', 4), facts('pr-3', 9)];
    expect(decided(tags, [rule({ keepNewest: 2 }, 'pr-*')])).toEqual([
      'v1: no rule',
      'pr-1: newest (1)',
      'pr-2: newest (1)',
      'pr-3: goes (1)',
    ]);
  });

  it('takes the later version for the newer of two that came at once', () => {
    const tags = ['v9', 'v10', 'v1', 'v2'].map((tag) => facts(tag, 7));
    expect(decided(tags, [rule({ keepNewest: 2 })])).toEqual([
      'v9: newest (1)',
      'v10: newest (1)',
      'v1: goes (1)',
      'v2: goes (1)',
    ]);
  });

  it('keeps what any of its keeps saves, to the millisecond', () => {
    const rules = [rule({ keepNewest: 1, keepPushedWithin: 30 * day, keepPulledWithin: 7 * day })];
    const tags = [facts('a', 1), facts('b', 30), facts('c', 30.001), facts('d', 400, 7), facts('e', 400, 7.001)];
    expect(decided(tags, rules)).toEqual([
      'a: newest (1)',
      'b: pushed (1)',
      'c: goes (1)',
      'd: pulled (1)',
      'e: goes (1)',
    ]);
  });

  it('does not count what was never pulled as pulled', () => {
    expect(decided([facts('a', 1)], [rule({ keepPulledWithin: 3_650 * day })])).toEqual(['a: goes (1)']);
  });

  it('leaves the signatures of an image that is there to the image', () => {
    const tags = [facts('v1', 1), facts(`sha256-${'a'.repeat(64)}.sig`, 900, undefined, true)];
    expect(decided(tags, [rule({ keepNewest: 1 })])).toEqual([
      'v1: newest (1)',
      `sha256-${'a'.repeat(64)}.sig: companion`,
    ]);
  });

  it('lets go of everything where no keep is written', () => {
    expect(decided([facts('pr-1', 0)], [rule({}, 'pr-*')])).toEqual(['pr-1: goes (1)']);
  });

  it('never lets go of more for a keep more, and of a newer tag before an older one with the same keeps', () => {
    const days = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(
        fc.array(days, { maxLength: 20 }),
        fc.integer({ min: 1, max: 10 }),
        days,
        (ages, keepNewest, within) => {
          const tags = ages.map((age, at) => facts(`t${at}`, age));
          const gone = (keeps: Omit<RetentionRule, 'repositories' | 'tags'>) =>
            new Set(
              planRetention('r', tags, [rule(keeps)]).flatMap(({ facts: { tag }, keep }) =>
                keep === undefined ? [tag] : [],
              ),
            );
          const few = gone({ keepNewest, keepPushedWithin: within * day });
          expect(few.size).toBe(Math.max(0, few.size));
          for (const tag of few) expect(gone({ keepNewest }).has(tag)).toBe(true);
          expect(tags.length - gone({ keepNewest }).size).toBe(Math.min(keepNewest, tags.length));
          const oldestKept = Math.max(
            -1,
            ...tags.filter(({ tag }) => !few.has(tag)).map(({ pushedAgoMs }) => pushedAgoMs),
          );
          for (const each of tags) if (few.has(each.tag)) expect(each.pushedAgoMs).toBeGreaterThanOrEqual(oldestKept);
        },
      ),
    );
  });
});
