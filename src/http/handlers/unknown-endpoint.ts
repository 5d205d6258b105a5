// Requests that no route takes: 405 when the URL has other methods, else 404.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RegistryError } from '../../oci/error-code.ts';
import type { Answers } from '../answers.ts';
import type { RouteMethods } from '../route-methods.ts';

export function unknownEndpoint(answers: Answers, methods: RouteMethods) {
  return (request: FastifyRequest, reply: FastifyReply): void => {
    const [path = ''] = request.url.split('?');
    const allowed = methods.allowedAt(path);
    const error =
      allowed === undefined
        ? new RegistryError('UNSUPPORTED', { status: 404, message: 'no such endpoint' })
        : new RegistryError('UNSUPPORTED', { headers: { Allow: allowed } });
    answers.error(reply, error);
  };
}
