// The names of all repositories that the client may pull from (Docker's API; the OCI spec reserves the path only).
import { clientGone } from '../client-gone.ts';
import { catalogUrl } from '../headers.ts';
import { nextLink, parsePage } from '../page-query.ts';
import type { Handler } from './handler-context.ts';

export const listRepositories: Handler = async ({ registry, answers, gate }, request, reply) => {
  const page = parsePage(request.query);
  const { items, more } = await registry.catalog(page, gate.visibility(request), clientGone(reply));
  const link = more ? ['Link', nextLink(catalogUrl, { n: page.limit, last: items.at(-1) })] : [];
  answers.json(reply, 200, link, { repositories: items });
};
