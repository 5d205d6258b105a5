// For whoever watches the process: is it alive, and can it serve?
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RegistryError } from '../../oci/error-code.ts';
import type { HandlerContext } from './handler-context.ts';

const plainText = ['Content-Type', 'text/plain; charset=utf-8'];
const ok = Buffer.from('ok\n');

export function healthRoutes(app: FastifyInstance, { registry, answers }: HandlerContext): void {
  const live = (_request: FastifyRequest, reply: FastifyReply) => answers.bytes(reply, 200, plainText, ok);

  const ready = async (_request: FastifyRequest, reply: FastifyReply) => {
    const problems = await registry.readiness();
    if (problems.length > 0) throw new RegistryError('UNAVAILABLE', { detail: problems.join('; ') });
    answers.bytes(reply, 200, plainText, ok);
  };

  app.get('/livez', { config: { action: 'probe' } }, live);
  app.head('/livez', { config: { action: 'probe' } }, live);
  app.get('/readyz', { config: { action: 'probe' } }, ready);
  app.head('/readyz', { config: { action: 'probe' } }, ready);
}
