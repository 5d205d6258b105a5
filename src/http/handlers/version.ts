// The version check: "this is a registry" (distribution-spec, end-1).
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HandlerContext } from './handler-context.ts';

export function versionRoutes(app: FastifyInstance, { answers }: HandlerContext): void {
  const checkVersion = (_request: FastifyRequest, reply: FastifyReply) => answers.json(reply, 200, [], {});

  for (const url of ['/v2/', '/v2']) {
    app.get(url, { config: { action: 'none' } }, checkVersion);
    app.head(url, { config: { action: 'none' } }, checkVersion);
  }
}
