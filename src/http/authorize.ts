// The one gate: every route declares its action (routes.ts), and this hook decides before anything else happens.
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify';
import { BadCredentialsError } from '../auth/bad-credentials-error.ts';
import { scopeText } from '../auth/granted-scope.ts';
import type { Access, Action, Decision, Policy } from '../auth/policy.ts';
import { anonymous, type Principal } from '../auth/principal.ts';
import type { CertificateUser, ShownCredentials } from '../auth/shown-credentials.ts';
import { RegistryError } from '../oci/error-code.ts';
import { parseRepositoryName, type RepositoryName } from '../oci/reference.ts';
import type { TagProtectedError, TagProtection } from '../oci/tag-protection.ts';
import { type Audit, type AuditedDecision, auditLineOf } from './audit.ts';
import { type ChallengeReason, type ChallengeSettings, challengeHeader } from './challenge.ts';
import { clientAddressOf } from './client-address.ts';
import type { ClientCertificates } from './client-certificates.ts';
import type { ConnectionLimit } from './connection-limit.ts';
import type { CrossOrigin } from './cross-origin.ts';
import { authorityOf, HostCheck, type HostSettings } from './host-check.ts';
import { assertWellFormed } from './message-check.ts';
import { mountSourceOf } from './mount-source.ts';
import { namespaceOf } from './namespace.ts';
import { assertOwnOrigin } from './origin-check.ts';
import { type RouteAction, repositoryNameOf } from './request-context.ts';
import type { RequestRate } from './request-rate.ts';
import type { ServerState } from './server-state.ts';
import { tlsSocketOf } from './tls-socket.ts';

export interface GateOptions {
  readonly policy: Policy;
  /** Why pushes to it are refused with 403, deletes with 405; undefined when they are not. */
  readonly whyReadOnly: (repository: RepositoryName | undefined) => string | undefined;
  /** The repository that a pull means which names the registry it mirrors (namespace.ts). */
  readonly resolve: (
    request: FastifyRequest,
    name: RepositoryName,
    isShown: (repository: RepositoryName) => boolean,
  ) => Promise<RepositoryName>;
  readonly deletesEnabled: boolean;
  readonly challenge: ChallengeSettings;
  /** Undefined: no client is asked for one. */
  readonly certificates: ClientCertificates | undefined;
  readonly hosts: HostSettings;
  /** Undefined: as many as they like. */
  readonly requests: RequestRate | undefined;
  /** Undefined: as many as they like. */
  readonly connections: ConnectionLimit | undefined;
  readonly crossOrigin: CrossOrigin;
  readonly state: ServerState;
  /** Undefined: nothing is audited. */
  readonly audit: Audit | undefined;
}

interface Unauthorized extends ChallengeReason {
  /** What is wrong with what was shown, where the client may know. */
  readonly detail?: string;
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

  /**
   * Whether the client may take over what a repository holds, or any of them: the source of a mount. Whoever shows a token that is for less
   * than they may is asked for a wider one (401), as Docker's registry does; what they may not see is as one that is nowhere.
   */
  async mayMount(request: FastifyRequest, source: RepositoryName | undefined): Promise<boolean> {
    const { policy } = this.#options;
    const access: Access = { action: 'pull', repository: source };
    const decision = policy.decide(request.principal, access);
    await this.#record(request, access, { outcome: outcomeOf(decision), rule: decision.rule });
    if (decision.kind !== 'authenticate' || source === undefined) return decision.kind === 'allow';
    if (policy.visibility(request.principal)?.(source) === false) return false;
    const target = scopeText({ type: 'repository', name: repositoryNameOf(request), actions: ['pull', 'push'] });
    throw this.#unauthorized(request, { ...decision, scope: withMountSource(target, source) });
  }

  /** False where somebody may not learn of a repository: answers to who shows no credentials name none. */
  get everybodySeesAll(): boolean {
    return this.#options.policy.visibility(anonymous) === undefined;
  }

  /** Which repositories the client may learn of; undefined where it is all of them. */
  visibility(request: FastifyRequest): ((repository: RepositoryName) => boolean) | undefined {
    return this.#options.policy.visibility(request.principal);
  }

  /** Tags that the client may not change, although it may push or delete here. */
  protection(request: FastifyRequest, action: 'push' | 'delete'): TagProtection | undefined {
    return this.#options.policy.protection(request.principal, { action, repository: request.repositoryName });
  }

  /** Synchronous unless the policy must wait: it runs on every request. */
  #hookFor(action: RouteAction): onRequestHookHandler {
    return (request, _reply, done) => {
      this.#assertServable(request);
      if (action === 'probe') return done();
      this.#options.connections?.assert(request);
      this.#assertMeant(request);
      const { name } = request.params as { readonly name?: string };
      if (name !== undefined) request.repositoryName = parseRepositoryName(name);
      const principal = this.#authenticated(request);
      const admitted =
        principal instanceof Promise
          ? principal.then((known) => this.#admit(request, known, action))
          : this.#admit(request, principal, action);
      if (admitted === undefined) return done();
      admitted.then(() => done(), done);
    };
  }

  /** A promise only where a mirror means a repository that must be looked for, or an audit must be waited for: nearly no request has one. */
  #admit(request: FastifyRequest, principal: Principal, action: Action): Promise<void> | undefined {
    this.#options.requests?.assert(request, principal);
    request.principal = principal;
    const { repositoryName } = request;
    if (action !== 'pull' || repositoryName === undefined || namespaceOf(request) === undefined) {
      return this.#assertAllowed(request, { action, repository: repositoryName });
    }
    // What the client may not learn of is not there for it: whether it is allowed must not depend on that.
    const isShown = this.visibility(request) ?? (() => true);
    return this.#options.resolve(request, repositoryName, isShown).then((resolved) => {
      request.repositoryName = resolved;
      return this.#assertAllowed(request, { action, repository: resolved });
    });
  }

  #authenticated(request: FastifyRequest): Principal | Promise<Principal> {
    return this.verified(request, () => this.#options.policy.authenticate(this.credentialsOf(request)));
  }

  /** Wrong credentials are 401 wherever they are shown: the client asks for a fresh token, or its user for the password. */
  verified<Result>(request: FastifyRequest, check: () => Result | Promise<Result>): Result | Promise<Result> {
    const refuse = (error: unknown) => this.#refuseCredentials(request, error);
    try {
      const result = check();
      return result instanceof Promise ? result.catch(refuse) : result;
    } catch (error) {
      return refuse(error);
    }
  }

  /** Somebody showed credentials in the body of a request. */
  async recordLogin(request: FastifyRequest, who: Principal): Promise<void> {
    await this.#record(request, { action: 'login', repository: undefined }, { who, ...everybodyMayLogIn });
  }

  /** A push or delete that was allowed, but for one of its tags. */
  recordProtected(request: FastifyRequest, { why }: TagProtectedError): Promise<void> | undefined {
    const { action } = request.routeOptions.config;
    if (action === undefined || action === 'probe') return undefined;
    return this.#record(request, { action, repository: request.repositoryName }, { outcome: 'refused', rule: why });
  }

  #refuseCredentials(request: FastifyRequest, error: unknown): Promise<never> {
    const refusal = this.#refusalOf(request, error);
    if (refusal === undefined) throw error;
    const { action } = request.routeOptions.config;
    const access = { action: action === 'probe' ? undefined : action, repository: request.repositoryName };
    const written = this.#record(request, access, { outcome: 'refused', ...refusal });
    if (written === undefined) throw refusal.error;
    return written.then(() => Promise.reject(refusal.error));
  }

  /** What becomes of credentials that were not taken; undefined for another failure. */
  #refusalOf(request: FastifyRequest, error: unknown) {
    if (error instanceof BadCredentialsError) {
      const challenge = error.isToken ? ('invalid_token' as const) : undefined;
      const unauthorized = this.#unauthorized(request, { scope: undefined, error: challenge });
      return { error: unauthorized, rule: error.message, who: error.who ?? anonymous };
    }
    const isRefused = error instanceof RegistryError && (error.status === 401 || error.status === 429);
    return isRefused ? { error, rule: error.message, who: anonymous } : undefined;
  }

  #record(
    request: FastifyRequest,
    access: Pick<AuditedDecision, 'action' | 'repository'>,
    { who = request.principal, outcome, rule }: Pick<AuditedDecision, 'outcome' | 'rule'> & Partial<AuditedDecision>,
  ): Promise<void> | undefined {
    const { action, repository } = access;
    return this.#options.audit?.record(auditLineOf(request, { action, repository, who, outcome, rule }));
  }

  /** Refuses a certificate that is none of ours, and one that is nobody's where nothing else is shown. */
  credentialsOf(request: FastifyRequest): ShownCredentials {
    const { authorization } = request.headers;
    return { authorization, certificate: this.#certificateOf(request), address: () => clientAddressOf(request) ?? '' };
  }

  #certificateOf(request: FastifyRequest): CertificateUser | undefined {
    const { certificates } = this.#options;
    const socket = certificates && tlsSocketOf(request.raw);
    if (certificates === undefined || socket === undefined) return undefined;
    const shown = certificates.shownOn(socket);
    if (shown.kind === 'user') return shown.user;
    if (shown.kind === 'none' || (shown.kind === 'nobody' && request.headers.authorization !== undefined))
      return undefined;
    const detail = `the client's certificate was not taken: ${shown.reason}`;
    throw this.#unauthorized(request, { scope: undefined, error: undefined, detail });
  }

  #unauthorized(request: FastifyRequest, { detail, ...challenge }: Unauthorized): RegistryError {
    const headers = { 'WWW-Authenticate': challengeHeader(this.#options.challenge, challenge, request) };
    return new RegistryError('UNAUTHORIZED', detail === undefined ? { headers } : { headers, detail });
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

  /** A promise where the audit must be waited for. */
  #assertAllowed(request: FastifyRequest, access: Access): Promise<void> | undefined {
    const decision = this.#options.policy.decide(request.principal, access);
    const refusal = this.#refusalBy(decision, request, access);
    const rule = refusal === undefined || decision.kind !== 'allow' ? decision.rule : refusal.message;
    const outcome = refusal === undefined ? 'allowed' : 'refused';
    const written = this.#record(request, access, { outcome, rule });
    if (written !== undefined) return refusal === undefined ? written : written.then(() => Promise.reject(refusal));
    if (refusal !== undefined) throw refusal;
    return undefined;
  }

  /** Undefined for what may happen. */
  #refusalBy(decision: Decision, request: FastifyRequest, { action, repository }: Access): RegistryError | undefined {
    if (decision.kind === 'deny') return new RegistryError('DENIED');
    if (decision.kind === 'authenticate') {
      const scope = withMountSource(decision.scope, action === 'push' ? mountSourceOf(request) : undefined);
      return this.#unauthorized(request, { ...decision, scope });
    }
    if (action !== 'push' && action !== 'delete') return undefined;
    const { whyReadOnly, deletesEnabled } = this.#options;
    const readOnly = whyReadOnly(repository);
    if (action === 'push')
      return readOnly === undefined ? undefined : new RegistryError('DENIED', { detail: readOnly });
    if (readOnly === undefined && deletesEnabled) return undefined;
    return new RegistryError('UNSUPPORTED', { detail: readOnly ?? 'deletes are disabled' });
  }
}

const everybodyMayLogIn = { outcome: 'allowed', rule: 'everybody may ask for a token' } as const;

function outcomeOf({ kind }: Decision): 'allowed' | 'refused' {
  return kind === 'allow' ? 'allowed' : 'refused';
}

/** A token for a mount must be for both. Clients ask once for what the challenge names. */
function withMountSource(scope: string | undefined, source: RepositoryName | undefined): string | undefined {
  if (scope === undefined || source === undefined) return scope;
  return `${scope} ${scopeText({ type: 'repository', name: source, actions: ['pull'] })}`;
}
