// Users, and what each of them may do: the policy of a registry that asks who somebody is.

import type { RepositoryName } from '../oci/reference.ts';
import type { TagProtection } from '../oci/tag-protection.ts';
import { anyBlobScope, catalogScope, covers, type GrantedScope, metricsScope, scopeText } from './granted-scope.ts';
import type { Access, Decision, Policy } from './policy.ts';
import type { Principal } from './principal.ts';
import type { Rules } from './rights/rules.ts';
import type { ShownCredentials } from './shown-credentials.ts';

export interface Authentication {
  /** Throws BadCredentialsError. */
  authenticate(credentials: ShownCredentials): Principal | Promise<Principal>;
}

export class GuardedPolicy implements Policy {
  readonly #authentication: Authentication;
  #rules: Rules;

  constructor(authentication: Authentication, rules: Rules) {
    this.#authentication = authentication;
    this.#rules = rules;
  }

  /** From the next decision on, also about who has shown a token before. */
  follow(rules: Rules): void {
    this.#rules = rules;
  }

  authenticate(credentials: ShownCredentials): Principal | Promise<Principal> {
    return this.#authentication.authenticate(credentials);
  }

  visibility(principal: Principal): ((repository: RepositoryName) => boolean) | undefined {
    if (this.#rules.judge(principal, { action: 'pull', repository: undefined }).allowed) return undefined;
    return (repository) => this.#rules.judge(principal, { action: 'pull', repository }).allowed;
  }

  protection(principal: Principal, { action, repository }: Access): TagProtection | undefined {
    if (repository === undefined || (action !== 'push' && action !== 'delete')) return undefined;
    return this.#rules.protection(principal, action, repository);
  }

  decide(principal: Principal, access: Access): Decision {
    if (principal.scope !== undefined && !isFor(principal.scope, access)) {
      const rule = 'the token was issued for something else';
      return { kind: 'authenticate', rule, scope: scopeFor(access), error: 'insufficient_scope' };
    }
    const ruling = this.#rules.judge(principal, access);
    if (ruling.allowed) return { kind: 'allow', rule: ruling.rule };
    const { rule } = ruling;
    const scope = scopeFor(access);
    switch (principal.shown) {
      case 'nothing':
        return { kind: 'authenticate', rule, scope, error: undefined };
      case 'bearer':
        return { kind: 'authenticate', rule, scope, error: 'insufficient_scope' };
      case 'basic':
      case 'certificate':
        return { kind: 'deny', rule };
    }
  }
}

/**
 * What a token would have to be for. A push is asked for together with a pull, since clients look for blobs before they send them:
 * docker asks for both anyway.
 */
function scopeFor({ action, repository }: Access): string | undefined {
  if (action === 'catalog') return scopeText(catalogScope);
  if (action === 'metrics') return scopeText(metricsScope);
  if (action === 'ping' || action === 'login') return undefined;
  if (repository === undefined) return scopeText(anyBlobScope);
  return scopeText({ type: 'repository', name: repository, actions: action === 'push' ? ['pull', 'push'] : [action] });
}

/** Whether a token is for it. Asked on every request, so it makes nothing. */
function isFor(scope: GrantedScope, { action, repository }: Access): boolean {
  if (action === 'catalog') return covers(scope, catalogScope.type, catalogScope.name, '*');
  if (action === 'metrics') return covers(scope, metricsScope.type, metricsScope.name, '*');
  if (action === 'ping' || action === 'login') return true;
  if (repository === undefined) return covers(scope, anyBlobScope.type, anyBlobScope.name, action);
  return covers(scope, 'repository', repository, action);
}
