// Who is asking, and how that was shown.
import type { GrantedScope } from './granted-scope.ts';

export interface Principal {
  /** Undefined when nobody said who they are. */
  readonly name: string | undefined;
  /**
   * Where the name comes from: `user` the htpasswd file, `robot` a token of `moorage token create`, `certificate` a client's certificate,
   * `external` an issuer elsewhere. Two of different kinds are two, although they have one name.
   */
  readonly kind: 'anonymous' | 'user' | 'robot' | 'certificate' | 'external';
  /** All groups that it is in, as of now: they are replaced with each login and never added to (CVE-2025-23208 of zot). */
  readonly groups: readonly string[];
  /** A client that showed Basic credentials will show no others (403); one with a Bearer token asks for a wider one (401). */
  readonly shown: 'nothing' | 'basic' | 'bearer' | 'certificate';
  /** What the token that was shown is for: never more than it says, whatever rights there are. Undefined without a token. */
  readonly scope: GrantedScope | undefined;
  /** Rights that it brings with it, instead of those that rules give to names and groups. */
  readonly grant: Grant | undefined;
}

/** What a robot may, as its token was made. */
export interface Grant {
  /** Patterns as in the rules of `access`. */
  readonly repositories: readonly string[];
  readonly may: readonly Right[];
}

/**
 * `create` pushes what is new and moves no tag; `metrics` reads what is counted of the server; `admin` is all of them, and immutable tags do
 * not bind it.
 */
export const rights = ['pull', 'push', 'delete', 'create', 'metrics', 'admin'] as const;
export type Right = (typeof rights)[number];

/** One text for each principal that there can be; undefined for anonymous. */
export function principalKey({ kind, name }: Principal): string | undefined {
  return name === undefined ? undefined : `${kind}:${name}`;
}

export const anonymous: Principal = {
  name: undefined,
  kind: 'anonymous',
  groups: [],
  shown: 'nothing',
  scope: undefined,
  grant: undefined,
};
