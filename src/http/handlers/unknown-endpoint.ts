// Requests that no route takes: 405 when the URL has other methods, else 404. Among them is what a browser asks before it sends a
// page's request (CORS), which changes nothing and tells nothing of what is here.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RegistryError } from '../../oci/error-code.ts';
import type { Answers } from '../answers.ts';
import type { CrossOrigin } from '../cross-origin.ts';
import type { RouteMethods } from '../route-methods.ts';

export function unknownEndpoint(answers: Answers, methods: RouteMethods, crossOrigin: CrossOrigin) {
  return (request: FastifyRequest, reply: FastifyReply): void => {
    const [path = ''] = request.url.split('?');
    const allowed = methods.allowedAt(path);
    const preflight = request.method === 'OPTIONS' ? crossOrigin.preflightHeaders(request.raw.headers) : undefined;
    if (allowed !== undefined && preflight !== undefined) {
      answers.empty(reply, 204, preflight);
      return;
    }
    const error =
      allowed === undefined
        ? new RegistryError('UNSUPPORTED', { status: 404, message: 'no such endpoint' })
        : new RegistryError('UNSUPPORTED', { headers: { Allow: allowed } });
    answers.error(reply, error);
  };
}
