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

/** `group:NAME`, `anonymous`, `authenticated`, or a user. */
export function parseWho(written: string): Who {
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
      return kind !== 'anonymous';
    case 'user':
      // A robot has rights of its own, and may have been named like a user.
      return kind !== 'robot' && name === who.name;
    case 'group':
      return kind !== 'robot' && (own.includes(who.name) || groups.includes(who.name));
  }
}

/** Patterns that name no repository are refused where they are written. */
export function globsOf(patterns: readonly string[]): readonly NameGlob[] {
  return patterns.flatMap((pattern) => NameGlob.parse(pattern) ?? []);
}
