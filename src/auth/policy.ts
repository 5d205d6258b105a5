// What somebody may do: the seam between the one gate of http/ and the ways to decide.
import type { RepositoryName } from '../oci/reference.ts';
import type { Principal } from './principal.ts';

/** `ping` learns that a registry is here: clients log in by it. */
export type Action = 'ping' | 'pull' | 'push' | 'delete' | 'catalog';

export interface Access {
  readonly action: Action;
  /** Undefined for what belongs to no repository; a pull of undefined is one from any of them, as a mount without `from` needs. */
  readonly repository: RepositoryName | undefined;
}

export type Decision =
  | { readonly kind: 'allow' }
  | { readonly kind: 'deny' }
  /** Not without (other) credentials; `challenge` is the WWW-Authenticate header. */
  | { readonly kind: 'authenticate'; readonly challenge: string };

export interface Policy {
  /** Who sent this Authorization header. Synchronous where it can be: it is asked on every request. */
  authenticate(authorization: string | undefined): Principal | Promise<Principal>;
  decide(principal: Principal, access: Access): Decision;
}
