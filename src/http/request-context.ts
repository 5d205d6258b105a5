// What the hooks add to Fastify's request and reply, declared once.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Action } from '../auth/policy.ts';
import type { Principal } from '../auth/principal.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { MeteredBeginning } from './request-metering.ts';

/** `probe`: no permission is needed to learn whether the process is well, nor does it matter by which name one came. */
export type RouteAction = Action | 'probe';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a request to this route wants to do; no route without it (authorize.ts). */
    action?: RouteAction;
    /** Whoever handles it tells the audit of what was allowed, once its content is here. */
    isRecordedWithContent?: boolean;
  }
  interface FastifyRequest {
    /** Parsed by the gate; undefined on routes that name no repository. */
    repositoryName: RepositoryName | undefined;
    /** The registry that the client mirrors here, when it says so and was listened to. */
    namespace: string | undefined;
    principal: Principal;
    /** Undefined unless clients are told how long answers take. */
    timing: RequestTiming | undefined;
    /** Undefined where nothing is counted, and once it was. */
    metered: MeteredBeginning | undefined;
    /** True once the client that asked `Expect: 100-continue` was told to go on. */
    isContinued: boolean;
  }
  interface FastifyReply {
    /** Length of the answer's body, for the log. */
    bodyBytes: number;
  }
}

/** When it came, and when it was let in, by the clock that never goes back. */
export interface RequestTiming {
  readonly begunAtMs: number;
  admittedAtMs: number | undefined;
}

export function decorateContext(app: FastifyInstance): void {
  app.decorateRequest('repositoryName');
  app.decorateRequest('namespace');
  app.decorateRequest('principal');
  app.decorateRequest('timing');
  app.decorateRequest('metered');
  app.decorateRequest('isContinued', false);
  app.decorateReply('bodyBytes', 0);
}

/** Of a route below `/v2/:name/`. */
export function repositoryNameOf(request: FastifyRequest): RepositoryName {
  if (request.repositoryName === undefined) throw new Error('a route without :name asks for the repository');
  return request.repositoryName;
}

/** A parameter of the route, decoded once by the router. */
export function parameterOf(request: FastifyRequest, name: 'digest' | 'reference' | 'id' | 'tag' | 'file'): string {
  return (request.params as Readonly<Record<string, string>>)[name] ?? '';
}
