// The names of all repositories (Docker's API; the OCI spec reserves the path only).
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { clientGone } from '../client-gone.ts';
import { nextLink, parsePage } from '../page-query.ts';
import type { HandlerContext } from './handler-context.ts';

const catalogUrl = '/v2/_catalog';

export function catalogRoutes(app: FastifyInstance, { registry, answers }: HandlerContext): void {
  const listRepositories = async (request: FastifyRequest, reply: FastifyReply) => {
    const page = parsePage(request.query);
    const { items, more } = await registry.catalog(page, clientGone(reply));
    const link = more ? ['Link', nextLink(catalogUrl, { n: page.limit, last: items.at(-1) })] : [];
    answers.json(reply, 200, link, { repositories: items });
  };

  app.get(catalogUrl, { config: { action: 'catalog' } }, listRepositories);
  app.head(catalogUrl, { config: { action: 'catalog' } }, listRepositories);
}
