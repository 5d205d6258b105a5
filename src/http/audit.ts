// The audit of the gate: a line for each decision, before anything happens.
import type { FastifyRequest } from 'fastify';
import type { Action } from '../auth/policy.ts';
import type { Principal } from '../auth/principal.ts';
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';
import { clientAddressOf } from './client-address.ts';
import { allValues, firstValue } from './query.ts';
import { pathOf, shownText } from './request-log.ts';

/** Text of clients is printable and bounded, and nothing in it is a secret: no header, and of the query digests and tags only. */
export interface AuditLine {
  /** Undefined for anonymous, and for wrong credentials unless there is such a user: people type passwords into the wrong field. */
  readonly user: string | undefined;
  readonly kind: Principal['kind'];
  readonly address: string;
  readonly action: Action | undefined;
  readonly repository: RepositoryName | undefined;
  /** A tag or digest: of the URL, or the blob that is uploaded or mounted. */
  readonly reference: string | undefined;
  /** Of the manifest that is pushed; undefined for what is no push of one, or was refused before it came. */
  readonly digest: Digest | undefined;
  /** Of `?tag=`, all that a push by digest sets. */
  readonly tags: readonly string[] | undefined;
  readonly outcome: 'allowed' | 'refused';
  /** Which rule decided, or what was wrong. */
  readonly rule: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
}

export interface Audit {
  /** A promise where the request waits for the line; it fails with UNAVAILABLE (503) where the line cannot be written. */
  record(line: AuditLine): Promise<void> | undefined;
}

export interface AuditedDecision extends Pick<AuditLine, 'outcome' | 'rule'> {
  readonly who: Pick<Principal, 'name' | 'kind'>;
  readonly action: Action | undefined;
  readonly repository: RepositoryName | undefined;
  readonly content?: Digest | undefined;
}

export function auditLineOf(request: FastifyRequest, decision: AuditedDecision): AuditLine {
  const { who, action, repository, outcome, rule, content } = decision;
  const tags = allValues(request.query, 'tag').map(shownText);
  return {
    user: who.name,
    kind: who.kind,
    address: clientAddressOf(request) ?? '',
    action,
    repository,
    reference: referenceOf(request),
    digest: content,
    tags: tags.length === 0 ? undefined : tags,
    ...{ outcome, rule },
    method: request.method,
    path: pathOf(request.originalUrl),
  };
}

function referenceOf({ params, query }: FastifyRequest): string | undefined {
  const { reference, digest, tag } = params as Readonly<Record<string, string | undefined>>;
  const named = reference ?? digest ?? tag ?? firstValue(query, 'digest') ?? firstValue(query, 'mount');
  return named === undefined ? undefined : shownText(named);
}
