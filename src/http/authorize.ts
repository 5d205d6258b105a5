// The one gate: every route declares its action (routes.ts), and this hook decides before anything else happens.
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify';
import { anyBlobScope, scopeText } from '../auth/granted-scope.ts';
import type { Access, Action, Decision } from '../auth/policy.ts';
import { anonymous, type Principal } from '../auth/principal.ts';
import { digestOf } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import { parseRepositoryName, type RepositoryName } from '../oci/reference.ts';
import type { TagProtection } from '../oci/tag-protection.ts';
import type { Audit } from './audit.ts';
import type { ConnectionLimit } from './connection-limit.ts';
import type { CountSharing } from './count-sharing.ts';
import { CredentialCheck, type CredentialCheckOptions } from './credential-check.ts';
import type { CrossOrigin } from './cross-origin.ts';
import { GateAudit } from './gate-audit.ts';
import { authorityOf, HostCheck, type HostSettings } from './host-check.ts';
import { widenForPush } from './http2-window.ts';
import { assertWellFormed } from './message-check.ts';
import { anySource, type MountSource, mountSourceOf } from './mount-source.ts';
import { namespaceOf } from './namespace.ts';
import { assertOwnOrigin } from './origin-check.ts';
import { type RouteAction, repositoryNameOf } from './request-context.ts';
import { RequestRate } from './request-rate.ts';
import type { ServerState } from './server-state.ts';

export interface GateOptions extends CredentialCheckOptions {
  /** Why pushes to it are refused with 403, deletes with 405; undefined when they are not. */
  readonly whyReadOnly: (repository: RepositoryName | undefined) => string | undefined;
  /** The repository that a pull means which names the registry it mirrors (namespace.ts). */
  readonly resolve: (
    request: FastifyRequest,
    name: RepositoryName,
    isShown: (repository: RepositoryName) => boolean,
  ) => Promise<RepositoryName>;
  readonly deletesEnabled: boolean;
  readonly hosts: HostSettings;
  /** Of a second; undefined: as many as they like. */
  readonly requestsPerSecond: number | undefined;
  /** What other processes of the server count as well; undefined: there are none. */
  readonly sharedRequests: CountSharing | undefined;
  /** Undefined: as many as they like. */
  readonly connections: ConnectionLimit | undefined;
  readonly crossOrigin: CrossOrigin;
  readonly state: ServerState;
  /** Undefined: nothing is audited. */
  readonly audit: Audit | undefined;
}

type FollowedByGate = Pick<GateOptions, 'hosts' | 'deletesEnabled' | 'requestsPerSecond'>;

export class Gate {
  /** What is shown of who asks; also for who shows it in another place than a header. */
  readonly credentials: CredentialCheck;
  readonly audit: GateAudit;
  readonly #options: GateOptions;
  #hosts: HostSettings;
  #hostCheck: HostCheck;
  #deletesEnabled: boolean;
  #requests: RequestRate | undefined;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#hosts = options.hosts;
    this.#hostCheck = new HostCheck(options.hosts.names);
    this.#deletesEnabled = options.deletesEnabled;
    this.#limit(options.requestsPerSecond);
    this.audit = new GateAudit(options.audit);
    this.credentials = new CredentialCheck(options, this.audit);
  }

  /** From the next request on. */
  follow({ hosts, deletesEnabled, requestsPerSecond }: FollowedByGate): void {
    this.#hosts = hosts;
    this.#hostCheck = new HostCheck(hosts.names);
    this.#deletesEnabled = deletesEnabled;
    this.#limit(requestsPerSecond);
  }

  #limit(perSecond: number | undefined): void {
    if (perSecond === undefined) this.#requests = undefined;
    else if (this.#requests !== undefined) this.#requests.follow(perSecond);
    else this.#requests = new RequestRate(perSecond, undefined, this.#options.sharedRequests);
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
    await this.audit.record(request, access, { outcome: outcomeOf(decision), rule: decision.rule });
    if (decision.kind !== 'authenticate') return decision.kind === 'allow';
    if (!this.#couldPull(request.principal, source)) return false;
    const target = scopeText({ type: 'repository', name: repositoryNameOf(request), actions: ['pull', 'push'] });
    const scope = withMountSource(target, source ?? anySource);
    throw this.credentials.unauthorized(request, { ...decision, scope });
  }

  /** For a request that reads from a second repository as well: refused as a pull from there is. */
  async assertPull(request: FastifyRequest, repository: RepositoryName): Promise<void> {
    const { policy } = this.#options;
    const access: Access = { action: 'pull', repository };
    const decision = policy.decide(request.principal, access);
    await this.audit.record(request, access, { outcome: outcomeOf(decision), rule: decision.rule });
    if (decision.kind === 'deny') throw new RegistryError('DENIED');
    if (decision.kind !== 'authenticate') return;
    // A client asks once for what the challenge names.
    const first = scopeText({ type: 'repository', name: repositoryNameOf(request), actions: ['pull'] });
    throw this.credentials.unauthorized(request, { ...decision, scope: withMountSource(first, repository) });
  }

  /** With a token that is for it, or for nothing less than all repositories where the source is any of them. */
  #couldPull(principal: Principal, source: RepositoryName | undefined): boolean {
    const isVisible = this.#options.policy.visibility(principal);
    if (source !== undefined) return isVisible?.(source) !== false;
    return isVisible === undefined && principal.scope !== undefined;
  }

  /** False where somebody may not learn of a repository: answers to who shows no credentials name none. */
  get everybodySeesAll(): boolean {
    return this.#options.policy.visibility(anonymous) === undefined;
  }

  /** Which repositories the client may learn of; undefined where it is all of them. */
  visibility(request: FastifyRequest): ((repository: RepositoryName) => boolean) | undefined {
    return this.#options.policy.visibility(request.principal);
  }

  /** Whether the client could do that to the repository of the request, for a page that offers it: nothing is recorded. */
  may(request: FastifyRequest, action: 'push' | 'delete' | 'admin'): boolean {
    const access: Access = { action, repository: repositoryNameOf(request) };
    return this.#refusalBy(this.#options.policy.decide(request.principal, access), request, access) === undefined;
  }

  /** Tags that the client may not change, although it may push or delete here. */
  protection(request: FastifyRequest, action: 'push' | 'delete'): TagProtection | undefined {
    return this.#options.policy.protection(request.principal, { action, repository: request.repositoryName });
  }

  /** A push whose content is here, and that goes on now. */
  recordContent(request: FastifyRequest, bytes: Uint8Array): Promise<void> | undefined {
    if (this.#options.audit === undefined) return undefined;
    const access: Access = { action: 'push', repository: request.repositoryName };
    const { rule } = this.#options.policy.decide(request.principal, access);
    return this.audit.record(request, access, { outcome: 'allowed', rule, content: digestOf(bytes) });
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
      const principal = this.credentials.principalOf(request);
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
    this.#requests?.assert(request, principal);
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

  #assertServable({ raw }: FastifyRequest): void {
    if (this.#options.state.isStopping) {
      throw new RegistryError('UNAVAILABLE', { detail: 'the server is stopping', headers: { 'Retry-After': '1' } });
    }
    assertWellFormed(raw);
  }

  /** That no web page of somebody else is behind the request: neither by a name of its own, nor from its own origin, unless it is named. */
  #assertMeant({ method, headers, originalUrl }: FastifyRequest): void {
    const { crossOrigin, state } = this.#options;
    const { checked } = this.#hosts;
    const addressed = { host: headers.host, target: originalUrl };
    const namesMatter = checked === 'always' || (checked === 'on-loopback' && state.listensOnLoopback);
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
    if (refusal === undefined && access.action === 'push') widenForPush(request.raw);
    // Nothing happens before its content is here: its digest is what matters then.
    const isRecordedLater = refusal === undefined && request.routeOptions.config.isRecordedWithContent === true;
    const written = isRecordedLater ? undefined : this.audit.record(request, access, { outcome, rule });
    if (written !== undefined) return refusal === undefined ? written : written.then(() => Promise.reject(refusal));
    if (refusal !== undefined) throw refusal;
    return undefined;
  }

  /** Undefined for what may happen. */
  #refusalBy(decision: Decision, request: FastifyRequest, { action, repository }: Access): RegistryError | undefined {
    if (decision.kind === 'deny') return new RegistryError('DENIED');
    if (decision.kind === 'authenticate') {
      const scope = withMountSource(decision.scope, action === 'push' ? mountSourceOf(request) : undefined);
      return this.credentials.unauthorized(request, { ...decision, scope });
    }
    if (action !== 'push' && action !== 'delete') return undefined;
    const readOnly = this.#options.whyReadOnly(repository);
    if (action === 'push')
      return readOnly === undefined ? undefined : new RegistryError('DENIED', { detail: readOnly });
    if (readOnly === undefined && this.#deletesEnabled) return undefined;
    return new RegistryError('UNSUPPORTED', { detail: readOnly ?? 'deletes are disabled' });
  }
}

function outcomeOf({ kind }: Decision): 'allowed' | 'refused' {
  return kind === 'allow' ? 'allowed' : 'refused';
}

/** A token for a mount must be for both. Clients ask once for what the challenge names. */
function withMountSource(scope: string | undefined, source: MountSource | undefined): string | undefined {
  if (scope === undefined || source === undefined) return scope;
  return `${scope} ${scopeText(source === anySource ? anyBlobScope : { type: 'repository', name: source, actions: ['pull'] })}`;
}
