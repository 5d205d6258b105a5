// What operators say about the tags that stay (setting `retention`): the first rule that matches a tag decides.
import type { NameGlob } from '../../oci/name-glob.ts';

/** A tag stays when any of its keeps saves it. Ages in milliseconds. */
export interface RetentionRule {
  /** A name of a repository matches when one of them does. */
  readonly repositories: readonly NameGlob[];
  readonly tags: readonly NameGlob[];
  /** So many of the tags that the rule decides in one repository, the latest pushed. */
  readonly keepNewest?: number | undefined;
  readonly keepPushedWithin?: number | undefined;
  readonly keepPulledWithin?: number | undefined;
  readonly keepAll?: true | undefined;
}

export interface RetentionRules {
  readonly retention: readonly RetentionRule[];
  /** How long a manifest stays that nothing kept leads to, in milliseconds; `keep`: for ever. */
  readonly untagged: 'keep' | number;
}

export function concernsRepository(rule: RetentionRule, repository: string): boolean {
  return rule.repositories.some((glob) => glob.matches(repository));
}

export function concernsTag(rule: RetentionRule, tag: string): boolean {
  return rule.tags.some((glob) => glob.matches(tag));
}
