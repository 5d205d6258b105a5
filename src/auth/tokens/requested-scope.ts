// What a client asks a token for, `repository:team/app:pull,push` (Docker's token authentication, Token Scope), and what of it is granted.
import { isRepositoryName } from '../../oci/reference.ts';
import { anyBlobScope, catalogScope, type GrantedScope, metricsScope, type ScopeEntry } from '../granted-scope.ts';
import type { Access, Action, Policy } from '../policy.ts';
import type { Principal } from '../principal.ts';

/** What belongs to no repository, each with what it lets do. */
const registryScopes: ReadonlyMap<ScopeEntry, Action> = new Map([
  [catalogScope, 'catalog'],
  [metricsScope, 'metrics'],
  [anyBlobScope, 'pull'],
]);
const repositoryActions = ['pull', 'push', 'delete'] as const;
type RepositoryAction = (typeof repositoryActions)[number];

/** A push that mounts blobs asks for each source. A token goes into a header, which has an end (16 KiB for all of them in Node). */
const mostEntries = 64;
const mostNameBytes = 4_096;

/**
 * One entry for each name, with all actions that were asked for it. What is not understood is left out: a client that gets less than it
 * asked for is told what it lacks by the request that needs it. The conformance suites send several scopes as one value.
 */
export function parseScopes(values: readonly string[]): GrantedScope {
  const asked = new Map<string, Set<RepositoryAction>>();
  let nameBytes = 0;
  const ofRegistry = new Set<ScopeEntry>();
  for (const written of values.flatMap((value) => value.split(' '))) {
    const entry = parseEntry(written);
    if (entry === undefined) continue;
    const known = registryScopeOf(entry);
    if (known?.actions.every((action) => entry.actions.includes(action))) ofRegistry.add(known);
    if (entry.type !== 'repository' || !isRepositoryName(entry.name)) continue;
    const actions = asked.get(entry.name) ?? new Set();
    if (actions.size === 0) {
      nameBytes += entry.name.length;
      if (asked.size >= mostEntries || nameBytes > mostNameBytes) break;
    }
    for (const action of repositoryActions) {
      if (entry.actions.includes(action) || entry.actions.includes('*')) actions.add(action);
    }
    if (actions.size > 0) asked.set(entry.name, actions);
  }
  const entries = [...asked].map(
    ([name, actions]): ScopeEntry => ({ type: 'repository', name, actions: [...actions] }),
  );
  return [...entries, ...ofRegistry];
}

function registryScopeOf({ type, name }: Pick<ScopeEntry, 'type' | 'name'>): ScopeEntry | undefined {
  return [...registryScopes.keys()].find((each) => each.type === type && each.name === name);
}

/** From both ends, since a name may hold the colon of a port. A class, `repository(plugin)`, changes nothing here. */
function parseEntry(written: string): ScopeEntry | undefined {
  const first = written.indexOf(':');
  const last = written.lastIndexOf(':');
  if (first <= 0 || last <= first) return undefined;
  const type = written.slice(0, first).replace(/\([a-z0-9]+\)$/, '');
  return { type, name: written.slice(first + 1, last), actions: written.slice(last + 1).split(',') };
}

/**
 * Never more than the principal has, whatever is asked. A push is granted as well to who may only create: each request is judged
 * again, by what the rules are then.
 */
export function grantedOf(policy: Policy, principal: Principal, asked: GrantedScope): GrantedScope {
  // As whoever will come back with the token.
  const holder: Principal = { ...principal, scope: undefined, shown: 'bearer' };
  const isAllowed = (access: Access) => policy.decide(holder, access).kind === 'allow';
  return asked.flatMap(({ type, name, actions }) => {
    const ofRegistry = registryScopeOf({ type, name });
    if (ofRegistry !== undefined) {
      const action = registryScopes.get(ofRegistry) ?? 'pull';
      return isAllowed({ action, repository: undefined }) ? [ofRegistry] : [];
    }
    if (type !== 'repository' || !isRepositoryName(name)) return [];
    const granted = repositoryActions.filter((action) => {
      return actions.includes(action) && isAllowed({ action, repository: name });
    });
    return granted.length === 0 ? [] : [{ type, name, actions: granted }];
  });
}
