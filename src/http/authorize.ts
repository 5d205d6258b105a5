// The one gate: every route declares its action, and this hook decides before anything else happens. A route that declares
// none fails when the app is built.
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify';
import type { Access, Policy } from '../auth/policy.ts';
import type { Principal } from '../auth/principal.ts';
import { RegistryError } from '../oci/error-code.ts';
import { parseRepositoryName, type RepositoryName } from '../oci/reference.ts';
import type { RouteAction } from './request-context.ts';
import type { ServerState } from './server-state.ts';

export interface GateOptions {
  readonly policy: Policy;
  /** Pushes to it are refused with 403, deletes with 405. */
  readonly isReadOnly: (repository: RepositoryName | undefined) => boolean;
  readonly deletesEnabled: boolean;
  readonly state: ServerState;
}

export class Gate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Puts the gate before every route that is registered on `app` from now on. */
  guard(app: FastifyInstance): void {
    app.addHook('onRoute', (route) => {
      const action = route.config?.action;
      if (action === undefined) throw new Error(`the route ${route.method} ${route.url} declares no action`);
      route.onRequest = [this.#hookFor(action), ...[route.onRequest ?? []].flat()];
    });
  }

  /** Whether the client may take over what a repository holds, or any of them: the source of a mount. */
  mayPull(request: FastifyRequest, repository: RepositoryName | undefined): boolean {
    return this.#options.policy.decide(request.principal, { action: 'pull', repository }).kind === 'allow';
  }

  /** Synchronous unless the policy must wait: it runs on every request. */
  #hookFor(action: RouteAction): onRequestHookHandler {
    const { policy } = this.#options;
    return (request, _reply, done) => {
      this.#assertServable(request);
      if (action === 'none') return done();
      const { name } = request.params as { readonly name?: string };
      if (name !== undefined) request.repositoryName = parseRepositoryName(name);
      const principal = policy.authenticate(request.headers.authorization);
      const admit = (known: Principal) => {
        request.principal = known;
        this.#assertAllowed(known, { action, repository: request.repositoryName });
      };
      if (principal instanceof Promise) {
        principal.then(admit).then(() => done(), done);
        return;
      }
      admit(principal);
      done();
    };
  }

  #assertServable({ headers, raw }: FastifyRequest): void {
    if (this.#options.state.isStopping) {
      throw new RegistryError('UNAVAILABLE', { detail: 'the server is stopping', headers: { 'Retry-After': '1' } });
    }
    // Node's own check of RFC 9112, 3.2 would answer without a body (http-server.ts).
    if (headers.host === undefined && raw.httpVersionMinor === 1) {
      throw new RegistryError('UNSUPPORTED', { status: 400, message: 'the Host header is missing' });
    }
  }

  #assertAllowed(principal: Principal, access: Access): void {
    const decision = this.#options.policy.decide(principal, access);
    if (decision.kind === 'deny') throw new RegistryError('DENIED');
    if (decision.kind === 'authenticate') {
      throw new RegistryError('UNAUTHORIZED', { headers: { 'WWW-Authenticate': decision.challenge } });
    }
    if (access.action !== 'push' && access.action !== 'delete') return;
    const { isReadOnly, deletesEnabled } = this.#options;
    const readOnly = isReadOnly(access.repository);
    if (readOnly && access.action === 'push') {
      throw new RegistryError('DENIED', { detail: readOnlyDetail });
    }
    if (access.action === 'delete' && (readOnly || !deletesEnabled)) {
      throw new RegistryError('UNSUPPORTED', {
        detail: readOnly ? readOnlyDetail : 'deletes are disabled',
      });
    }
  }
}

const readOnlyDetail = 'this repository is served read-only';
