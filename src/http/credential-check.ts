// Who a request comes from, by what it shows; and what its client is told whose credentials are wrong, or who must show some.
import type { FastifyRequest } from 'fastify';
import { BadCredentialsError } from '../auth/bad-credentials-error.ts';
import type { Policy } from '../auth/policy.ts';
import { anonymous, type Principal } from '../auth/principal.ts';
import type { CertificateUser, ShownCredentials } from '../auth/shown-credentials.ts';
import { RegistryError } from '../oci/error-code.ts';
import { type ChallengeReason, type ChallengeSettings, challengeHeader } from './challenge.ts';
import { clientAddressOf } from './client-address.ts';
import type { ClientCertificates } from './client-certificates.ts';
import type { GateAudit } from './gate-audit.ts';
import { tlsSocketOf } from './tls-socket.ts';

export interface CredentialCheckOptions {
  readonly policy: Policy;
  readonly challenge: ChallengeSettings;
  /** Undefined: no client is asked for one. */
  readonly certificates: ClientCertificates | undefined;
}

interface Unauthorized extends ChallengeReason {
  /** What is wrong with what was shown, where the client may know. */
  readonly detail?: string;
}

export class CredentialCheck {
  readonly #options: CredentialCheckOptions;
  readonly #audit: GateAudit;

  constructor(options: CredentialCheckOptions, audit: GateAudit) {
    this.#options = options;
    this.#audit = audit;
  }

  /** Throws UNAUTHORIZED (401), TOOMANYREQUESTS. Synchronous where the policy is. */
  principalOf(request: FastifyRequest): Principal | Promise<Principal> {
    return this.verified(request, () => this.#options.policy.authenticate(this.shownBy(request)));
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

  /** Refuses a certificate that is none of ours, and one that is nobody's where nothing else is shown. */
  shownBy(request: FastifyRequest): ShownCredentials {
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
    throw this.unauthorized(request, { scope: undefined, error: undefined, detail });
  }

  unauthorized(request: FastifyRequest, { detail, ...challenge }: Unauthorized): RegistryError {
    const headers = { 'WWW-Authenticate': challengeHeader(this.#options.challenge, challenge, request) };
    return new RegistryError('UNAUTHORIZED', detail === undefined ? { headers } : { headers, detail });
  }

  #refuseCredentials(request: FastifyRequest, error: unknown): Promise<never> {
    const refusal = this.#refusalOf(request, error);
    if (refusal === undefined) throw error;
    const { action } = request.routeOptions.config;
    const access = { action: action === 'probe' ? undefined : action, repository: request.repositoryName };
    const written = this.#audit.record(request, access, { outcome: 'refused', ...refusal });
    if (written === undefined) throw refusal.error;
    return written.then(() => Promise.reject(refusal.error));
  }

  /** What becomes of credentials that were not taken; undefined for another failure. */
  #refusalOf(request: FastifyRequest, error: unknown) {
    if (error instanceof BadCredentialsError) {
      const challenge = error.isToken ? ('invalid_token' as const) : undefined;
      const unauthorized = this.unauthorized(request, { scope: undefined, error: challenge });
      return { error: unauthorized, rule: error.message, who: error.who ?? anonymous };
    }
    const isRefused = error instanceof RegistryError && (error.status === 401 || error.status === 429);
    return isRefused ? { error, rule: error.message, who: anonymous } : undefined;
  }
}
