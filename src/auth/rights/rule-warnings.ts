// What is odd about rules of access, in words for an operator: said at the start, and again when the users changed.
import type { AccessRule, Who } from './access-rule.ts';

export interface KnownNames {
  /** Undefined where others than the htpasswd file may say who there is: then any name may be one. */
  readonly users: ReadonlySet<string> | undefined;
  /** Undefined where others may say who is in which group. */
  readonly groups: ReadonlySet<string> | undefined;
}

/** `rules`: undefined where none are written. */
export function oddAccess(rules: readonly AccessRule[] | undefined, known: KnownNames): readonly string[] {
  const lists = rules?.length === 0 ? ['access has no rules: no user may do anything'] : [];
  return (rules ?? [])
    .flatMap((rule, at) => [
      ...rule.who.flatMap((who) => oddName(who, known)).map((problem) => `access rule ${at + 1} ${problem}`),
      ...[...oddPatterns(rule), ...oddRights(rule)].map((problem) => `access rule ${at + 1} ${problem}`),
    ])
    .concat(lists);
}

/** `groups`: with the users that are written into each. */
export function oddGroups(groups: ReadonlyMap<string, readonly string[]>, { users }: KnownNames): readonly string[] {
  if (users === undefined) return [];
  return [...groups].flatMap(([group, members]) =>
    members
      .filter((member) => !users.has(member))
      .map((member) => `the group ${group} names a user that is not there: ${member}`),
  );
}

/** Whoever is misspelt may less than was meant, which somebody at a far site finds out. */
function oddName(who: Who, { users, groups }: KnownNames): readonly string[] {
  if (who.kind === 'user' && users?.has(who.name) === false) return [`names a user that is not there: ${who.name}`];
  if (who.kind === 'group' && groups?.has(who.name) === false) return [`names a group that is not there: ${who.name}`];
  return [];
}

/** Names of repositories are in lower case, with single slashes between components (distribution-spec, Pulling manifests). */
function oddPatterns({ repositories }: AccessRule): readonly string[] {
  return repositories
    .filter(({ text }) => /[A-Z]|^\/|\/$|\/\//.test(text))
    .map(({ text }) => `has a pattern that is no repository's: ${text}`);
}

function oddRights({ may, who }: AccessRule): readonly string[] {
  const mayPush = may.includes('push') || may.includes('create');
  const mayPull = may.includes('pull') || may.includes('admin');
  const pushes = mayPush && !mayPull ? ['lets push without pull: docker looks for layers before it sends them'] : [];
  const isForAll =
    who.some(({ kind }) => kind === 'anonymous') && may.some((right) => right !== 'pull' && right !== 'metrics');
  return isForAll ? [...pushes, `lets everybody ${may.join(', ')}, without a password`] : pushes;
}
