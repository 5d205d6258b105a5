// The tags of a repository (distribution-spec, end-8).
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { tagsUrl } from '../headers.ts';
import { JsonLists } from '../json-list.ts';
import { nextLink, parsePage } from '../page-query.ts';
import { repositoryNameOf } from '../request-context.ts';
import type { HandlerContext } from './handler-context.ts';

export function tagRoutes(app: FastifyInstance, { registry, answers }: HandlerContext): void {
  const lists = new JsonLists();

  const listTags = async (request: FastifyRequest, reply: FastifyReply) => {
    const name = repositoryNameOf(request);
    const page = parsePage(request.query);
    const { items, more } = await (await registry.repository(name)).tags.list(page);
    const link = more ? ['Link', nextLink(tagsUrl(name), { n: page.limit, last: items.at(-1) })] : [];
    const body = lists.around(items, `{"name":${JSON.stringify(name)},"tags":`, '}');
    answers.bytes(reply, 200, ['Content-Type', 'application/json', ...link], body);
  };

  app.get('/v2/:name/tags/list', { config: { action: 'pull' } }, listTags);
  app.head('/v2/:name/tags/list', { config: { action: 'pull' } }, listTags);
}
