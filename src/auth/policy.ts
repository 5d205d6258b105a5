// What somebody may do: the seam between the one gate of http/ and the ways to decide.
import type { RepositoryName } from '../oci/reference.ts';
import type { TagProtection } from '../oci/tag-protection.ts';
import type { Principal } from './principal.ts';
import type { ShownCredentials } from './shown-credentials.ts';

/** `ping` learns that a registry is here: clients log in by it. `login` asks for a token. `metrics` reads what is counted of the server. `admin` learns of a repository what is nobody else's business. */
export type Action = 'ping' | 'login' | 'pull' | 'push' | 'delete' | 'catalog' | 'metrics' | 'admin';

export interface Access {
  readonly action: Action;
  /** Undefined for what belongs to no repository; a pull of undefined is one from any of them, as a mount without `from` needs. */
  readonly repository: RepositoryName | undefined;
}

export type Decision = Allowed | Refused;

export interface Allowed {
  readonly kind: 'allow';
  /** Which rule says so, for the audit. */
  readonly rule: string;
}

export type Refused =
  | { readonly kind: 'deny'; readonly rule: string }
  /** Not without (other) credentials. */
  | {
      readonly kind: 'authenticate';
      readonly rule: string;
      /** Which a token would need, `repository:a/b:pull`; undefined where any will do. */
      readonly scope: string | undefined;
      readonly error: 'insufficient_scope' | undefined;
    };

export interface Policy {
  /** Synchronous where it can be: it is asked on every request. Throws BadCredentialsError. */
  authenticate(credentials: ShownCredentials): Principal | Promise<Principal>;
  decide(principal: Principal, access: Access): Decision;
  /** Whether somebody may learn of a repository, whatever the token at hand is for; undefined for who may learn of all. */
  visibility(principal: Principal): ((repository: RepositoryName) => boolean) | undefined;
  /** Which tags whoever may push to a repository, or delete there, may not change all the same; undefined for none. */
  protection(principal: Principal, access: Access): TagProtection | undefined;
}
