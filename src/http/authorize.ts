// The one gate: every route declares its action (routes.ts), and this hook decides before anything else happens.
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify';
import type { Access, Action, Policy } from '../auth/policy.ts';
import type { Principal } from '../auth/principal.ts';
import { RegistryError } from '../oci/error-code.ts';
import { parseRepositoryName, type RepositoryName } from '../oci/reference.ts';
import type { CrossOrigin } from './cross-origin.ts';
import { authorityOf, HostCheck, type HostSettings } from './host-check.ts';
import { assertWellFormed } from './message-check.ts';
import { namespaceOf } from './namespace.ts';
import { assertOwnOrigin } from './origin-check.ts';
import type { RouteAction } from './request-context.ts';
import type { ServerState } from './server-state.ts';

export interface GateOptions {
  readonly policy: Policy;
  /** Why pushes to it are refused with 403, deletes with 405; undefined when they are not. */
  readonly whyReadOnly: (repository: RepositoryName | undefined) => string | undefined;
  /** The repository that a pull means which names the registry it mirrors (namespace.ts). */
  readonly resolve: (request: FastifyRequest, name: RepositoryName) => Promise<RepositoryName>;
  readonly deletesEnabled: boolean;
  readonly hosts: HostSettings;
  readonly crossOrigin: CrossOrigin;
  readonly state: ServerState;
}

export class Gate {
  readonly #options: GateOptions;
  readonly #hostCheck: HostCheck;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#hostCheck = new HostCheck(options.hosts.names);
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
      if (action === 'probe') return done();
      this.#assertMeant(request);
      const { name } = request.params as { readonly name?: string };
      if (name !== undefined) request.repositoryName = parseRepositoryName(name);
      const principal = policy.authenticate(request.headers.authorization);
      const mirrored = action === 'pull' ? this.#mirrored(request) : undefined;
      if (principal instanceof Promise || mirrored !== undefined) {
        Promise.all([principal, mirrored])
          .then(([known]) => this.#admit(request, known, action))
          .then(() => done(), done);
        return;
      }
      this.#admit(request, principal, action);
      done();
    };
  }

  /** Sets the repository that a mirror means; undefined for the many requests that come from no mirror. */
  #mirrored(request: FastifyRequest): Promise<void> | undefined {
    const { repositoryName } = request;
    if (repositoryName === undefined || namespaceOf(request) === undefined) return undefined;
    return this.#options.resolve(request, repositoryName).then((resolved) => {
      request.repositoryName = resolved;
    });
  }

  #admit(request: FastifyRequest, principal: Principal, action: Action): void {
    request.principal = principal;
    this.#assertAllowed(principal, { action, repository: request.repositoryName });
  }

  #assertServable({ raw }: FastifyRequest): void {
    if (this.#options.state.isStopping) {
      throw new RegistryError('UNAVAILABLE', { detail: 'the server is stopping', headers: { 'Retry-After': '1' } });
    }
    assertWellFormed(raw);
  }

  /** That no web page of somebody else is behind the request: neither by a name of its own, nor from its own origin, unless it is named. */
  #assertMeant({ method, headers, originalUrl }: FastifyRequest): void {
    const { hosts, crossOrigin, state } = this.#options;
    const addressed = { host: headers.host, target: originalUrl };
    const namesMatter = hosts.checked === 'always' || (hosts.checked === 'on-loopback' && state.listensOnLoopback);
    this.#hostCheck.assert(addressed, namesMatter);
    const { origin } = headers;
    if (origin !== undefined && crossOrigin.mayChange(origin)) return;
    assertOwnOrigin(method, headers, authorityOf(addressed));
  }

  #assertAllowed(principal: Principal, access: Access): void {
    const decision = this.#options.policy.decide(principal, access);
    if (decision.kind === 'deny') throw new RegistryError('DENIED');
    if (decision.kind === 'authenticate') {
      throw new RegistryError('UNAUTHORIZED', { headers: { 'WWW-Authenticate': decision.challenge } });
    }
    if (access.action !== 'push' && access.action !== 'delete') return;
    const { whyReadOnly, deletesEnabled } = this.#options;
    const readOnly = whyReadOnly(access.repository);
    if (readOnly !== undefined && access.action === 'push') {
      throw new RegistryError('DENIED', { detail: readOnly });
    }
    if (access.action === 'delete' && (readOnly !== undefined || !deletesEnabled)) {
      throw new RegistryError('UNSUPPORTED', {
        detail: readOnly ?? 'deletes are disabled',
      });
    }
  }
}
