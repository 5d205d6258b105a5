// What is said of rules before they do anything.
import { describe, expect, it } from 'vitest';
import { planRetention, type TagFacts } from '../../../../src/layout/retention/retention-plan.ts';
import type { RetentionRule } from '../../../../src/layout/retention/retention-rule.ts';
import { emptied, oddRules, RuleUse } from '../../../../src/layout/retention/rule-warnings.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { NameGlob } from '../../../../src/oci/name-glob.ts';
import type { Tag } from '../../../../src/oci/reference.ts';

type Keeps = Omit<RetentionRule, 'repositories' | 'tags'>;

function rule(keeps: Keeps, tags: string, repositories = '**'): RetentionRule {
  const [tagGlob, repositoryGlob] = [NameGlob.parse(tags), NameGlob.parse(repositories)];
  if (tagGlob === undefined || repositoryGlob === undefined) throw new Error('no pattern');
  return { repositories: [repositoryGlob], tags: [tagGlob], ...keeps };
}

function facts(tag: string): TagFacts {
  return {
    tag: tag as Tag,
    digest: digestOf(Buffer.from(tag)),
    pushedAgoMs: 1_000,
    pulledAgoMs: undefined,
    isCompanion: false,
  };
}

const odd = (retention: readonly RetentionRule[]) => oddRules({ retention, untagged: 1_000 });

describe('odd rules', () => {
  it('are none where each means something', () => {
    expect(odd([])).toEqual([]);
    expect(odd([rule({ keepAll: true }, 'v*'), rule({ keepNewest: 3 }, '*')])).toEqual([]);
    expect(odd([rule({ keepNewest: 3 }, '*', 'a/**'), rule({ keepNewest: 3 }, '*', 'b/**')])).toEqual([]);
  });

  it('are those that keep nothing, contradict themselves, or are never asked', () => {
    expect(odd([rule({}, 'pr-*')])).toEqual(['retention rule 1 keeps nothing: every tag that it matches goes']);
    expect(odd([rule({ keepAll: true, keepNewest: 2 }, '*')])).toEqual([
      'retention rule 1 contradicts itself: with keepAll its other keeps mean nothing',
    ]);
    expect(odd([rule({ keepNewest: 3 }, '*'), rule({ keepAll: true }, 'v*')])).toEqual([
      'retention rule 2 is never asked: rule 1 matches all that it matches',
    ]);
    expect(odd([rule({ keepNewest: 3 }, 'v*', 'a/*'), rule({ keepNewest: 1 }, 'v*', 'a/*')])).toHaveLength(1);
  });

  it('are those that free no space, since the manifests of tags that go stay', () => {
    expect(oddRules({ retention: [rule({ keepNewest: 3 }, '*')], untagged: 'keep' })).toEqual([
      'retention frees no space: the manifests of tags that go are kept (untagged: keep)',
    ]);
    expect(oddRules({ retention: [rule({ keepAll: true }, '*')], untagged: 'keep' })).toEqual([]);
  });

  it('are those that match nothing that is stored', () => {
    const use = new RuleUse([rule({ keepNewest: 3 }, 'pr-*'), rule({ keepNewest: 3 }, '*', 'gone/**')]);
    expect(use.unused()).toHaveLength(2);
    use.note('team/app', ['v1', 'pr-7']);
    expect(use.unused()).toEqual(['retention rule 2 matches nothing: there is no tag * in repositories gone/**']);
    use.note('gone/app', []);
    expect(use.unused()).toHaveLength(1);
  });

  it('are those that would leave no tag in a repository', () => {
    const goes = [rule({}, 'pr-*')];
    expect(emptied('a', planRetention('a', [facts('pr-1'), facts('pr-2')], goes))).toBe(
      'retention rule 1 would remove all 2 tags of a',
    );
    expect(emptied('a', planRetention('a', [facts('pr-1'), facts('v1')], goes))).toBeUndefined();
    expect(emptied('a', [])).toBeUndefined();
  });
});
