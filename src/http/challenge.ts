// What a client is told to show: the WWW-Authenticate header of a 401 (RFC 9110, 11.6.1; Docker's token authentication).
import type { FastifyRequest } from 'fastify';
import { schemeOf } from './client-address.ts';

export interface ChallengeSettings {
  /** What clients are asked for; both are taken. */
  readonly scheme: 'bearer' | 'basic';
  /** The URL of the token endpoint; undefined: this server, as the client calls it. */
  readonly realm: string | undefined;
}

export interface ChallengeReason {
  readonly scope: string | undefined;
  readonly error: 'invalid_token' | 'insufficient_scope' | undefined;
}

export const tokenPath = '/token';

/** What tokens are for: `aud` of all of ours. */
export const serviceName = 'moorage';

/**
 * One challenge, never two, all parameters quoted, and no word of the other scheme in any of them: the conformance suites take the last
 * of "basic" and "bearer" that they find.
 */
export function challengeHeader(
  { scheme, realm }: ChallengeSettings,
  { scope, error }: ChallengeReason,
  request: FastifyRequest,
): string {
  if (scheme === 'basic') return `Basic realm="${serviceName}", charset="UTF-8"`;
  const parameters = [
    `realm="${realm ?? tokenUrlOf(request)}"`,
    `service="${serviceName}"`,
    ...(scope === undefined ? [] : [`scope="${scope}"`]),
    ...(error === undefined ? [] : [`error="${error}"`]),
  ];
  return `Bearer ${parameters.join(',')}`;
}

/** Told to the very client that named the host; the gate has seen that it is one (host-check.ts). */
function tokenUrlOf(request: FastifyRequest): string {
  return `${schemeOf(request)}://${request.headers.host ?? request.socket.localAddress}${tokenPath}`;
}
