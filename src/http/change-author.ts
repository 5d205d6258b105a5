// Who asked for a change, for whoever is told of it: text of clients is printable and bounded, and nothing in it is a secret.
import type { FastifyRequest } from 'fastify';
import type { ChangeAuthor } from '../registry/registry-desk.ts';
import { clientAddressOf, schemeOf } from './client-address.ts';
import { authorityOf } from './host-check.ts';
import { shownText } from './request-log.ts';

export function authorOf(request: FastifyRequest): ChangeAuthor {
  const { principal, headers, method, originalUrl } = request;
  const userAgent = headers['user-agent'];
  const authority = authorityOf({ host: headers.host, target: originalUrl });
  return {
    user: principal.name === undefined ? undefined : shownText(principal.name),
    address: clientAddressOf(request),
    userAgent: userAgent === undefined ? undefined : shownText(userAgent),
    method,
    base: authority === undefined ? undefined : `${schemeOf(request)}://${authority}`,
  };
}
