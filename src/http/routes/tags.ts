// The tags of a repository (distribution-spec, end-8).
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { tagsUrl } from '../headers.ts';
import { nextLink, parsePage } from '../page-query.ts';
import { repositoryNameOf } from '../request-context.ts';
import type { RouteContext } from './route-context.ts';

export function tagRoutes(app: FastifyInstance, { registry, answers }: RouteContext): void {
  const listTags = async (request: FastifyRequest, reply: FastifyReply) => {
    const name = repositoryNameOf(request);
    const page = parsePage(request.query);
    const { items, more } = await registry.repository(name).tags.list(page);
    const link = more ? ['Link', nextLink(tagsUrl(name), { n: page.limit, last: items.at(-1) })] : [];
    answers.json(reply, 200, link, { name, tags: items });
  };

  app.get('/v2/:name/tags/list', { config: { action: 'pull' } }, listTags);
  app.head('/v2/:name/tags/list', { config: { action: 'pull' } }, listTags);
}
