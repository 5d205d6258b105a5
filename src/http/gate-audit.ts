// What the gate tells the audit: each decision, and what was decided later about a request that it had let pass.
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../auth/principal.ts';
import type { TagProtectedError } from '../oci/tag-protection.ts';
import { type Audit, type AuditedDecision, auditLineOf } from './audit.ts';

const everybodyMayLogIn = { outcome: 'allowed', rule: 'everybody may ask for a token' } as const;

export class GateAudit {
  readonly #audit: Audit | undefined;

  /** Undefined: nothing is audited. */
  constructor(audit: Audit | undefined) {
    this.#audit = audit;
  }

  /** A promise where the request waits for the line. */
  record(
    request: FastifyRequest,
    access: Pick<AuditedDecision, 'action' | 'repository'>,
    decision: Pick<AuditedDecision, 'outcome' | 'rule'> & Partial<AuditedDecision>,
  ): Promise<void> | undefined {
    const { action, repository } = access;
    const { who = request.principal, outcome, rule, content } = decision;
    return this.#audit?.record(auditLineOf(request, { action, repository, who, outcome, rule, content }));
  }

  /** Somebody showed credentials in the body of a request. */
  async recordLogin(request: FastifyRequest, who: Principal): Promise<void> {
    await this.record(request, { action: 'login', repository: undefined }, { who, ...everybodyMayLogIn });
  }

  /** A push or delete that was allowed, but for one of its tags. */
  recordProtected(request: FastifyRequest, { why }: TagProtectedError): Promise<void> | undefined {
    const { action } = request.routeOptions.config;
    if (action === undefined || action === 'probe') return undefined;
    return this.record(request, { action, repository: request.repositoryName }, { outcome: 'refused', rule: why });
  }
}
