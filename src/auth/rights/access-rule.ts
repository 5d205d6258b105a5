// One rule of `access`, parsed: which repositories, who, and what they may.
import { NameGlob } from '../../oci/name-glob.ts';
import type { Principal, Right } from '../principal.ts';

export interface AccessRule {
  readonly repositories: readonly NameGlob[];
  readonly who: readonly Who[];
  readonly may: readonly Right[];
  /** Tags that nobody moves or deletes but who may `admin`: they bind whoever pushes, also by another rule. */
  readonly immutable: readonly NameGlob[];
}

export type Who =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'authenticated' }
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'group'; readonly name: string };

/** One as settings have it. */
export interface WrittenAccessRule {
  readonly repositories: readonly NameGlob[];
  readonly who: readonly string[];
  readonly may: readonly Right[];
  readonly immutable?: readonly NameGlob[] | undefined;
}

export function accessRuleOf({ who, immutable = [], ...rule }: WrittenAccessRule): AccessRule {
  return { ...rule, who: who.map(parseWho), immutable };
}

/** `group:NAME`, `anonymous`, `authenticated`, or a user. */
function parseWho(written: string): Who {
  if (written === 'anonymous' || written === 'authenticated') return { kind: written };
  const prefix = 'group:';
  if (written.startsWith(prefix)) return { kind: 'group', name: written.slice(prefix.length) };
  return { kind: 'user', name: written };
}

/** `groups`: those of the operator's list besides the principal's own. What anonymous may, everybody may. */
export function isMeant(who: Who, { name, kind, groups: own }: Principal, groups: readonly string[]): boolean {
  switch (who.kind) {
    case 'anonymous':
      return true;
    case 'authenticated':
      // A robot has rights of its own: a token for one repository that is lost must not open all that users may see.
      return kind !== 'anonymous' && kind !== 'robot';
    case 'user':
      return kind !== 'robot' && name === who.name;
    case 'group':
      return kind !== 'robot' && (own.includes(who.name) || groups.includes(who.name));
  }
}

/** Patterns that name no repository are refused where they are written. */
export function globsOf(patterns: readonly string[]): readonly NameGlob[] {
  return patterns.flatMap((pattern) => NameGlob.parse(pattern) ?? []);
}
