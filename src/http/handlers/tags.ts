// The tags of a repository (distribution-spec, end-8).
import { tagsUrl } from '../headers.ts';
import { nextLink, parsePage } from '../page-query.ts';
import { repositoryNameOf } from '../request-context.ts';
import type { Handler } from './handler-context.ts';

export const listTags: Handler = async ({ registry, answers, jsonLists }, request, reply) => {
  const name = repositoryNameOf(request);
  const page = parsePage(request.query);
  const { items, more } = await (await registry.repository(name)).tags.list(page);
  const link = more ? ['Link', nextLink(tagsUrl(name), { n: page.limit, last: items.at(-1) })] : [];
  const body = jsonLists.around(items, `{"name":${JSON.stringify(name)},"tags":`, '}');
  answers.bytes(reply, 200, ['Content-Type', 'application/json', ...link], body);
};
