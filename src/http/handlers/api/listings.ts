// What is here, for a page or a script: repositories, one of them, its tags, one image, the moves of a tag, the disk.
import type { FastifyRequest } from 'fastify';
import { listRepositories } from '../../../browse/listed-repositories.ts';
import { listTagSummaries } from '../../../browse/listed-tags.ts';
import { ownPart } from '../../../browse/shown-disk.ts';
import { showImage } from '../../../browse/shown-image.ts';
import { showRepository } from '../../../browse/shown-repository.ts';
import { listTagMoves } from '../../../browse/tag-moves.ts';
import { parsePulledReference, parseTag } from '../../../oci/reference.ts';
import { clientGone } from '../../client-gone.ts';
import type { HeaderList } from '../../headers.ts';
import { parsePage } from '../../page-query.ts';
import { firstValue } from '../../query.ts';
import { parameterOf, repositoryNameOf } from '../../request-context.ts';
import type { Handler } from '../handler-context.ts';

/** What was pushed a moment ago is looked for at once. */
const notStored: HeaderList = ['Cache-Control', 'no-store'];
const defaultLimit = 50;
const mostAtOnce = 200;

/** What the client may not learn of is not there. */
export const listApiRepositories: Handler = async ({ registry, names, answers, gate }, request, reply) => {
  const query = { ...pageAsked(request), isShown: gate.visibility(request) };
  const { items, more } = await listRepositories(registry, names, query, clientGone(reply));
  answers.json(reply, 200, notStored, { repositories: items, more });
};

export const showApiRepository: Handler = async ({ registry, answers, gate }, request, reply) => {
  const shown = await showRepository(registry, repositoryNameOf(request), gate.visibility(request) === undefined);
  const may = { push: gate.may(request, 'push'), delete: gate.may(request, 'delete') };
  answers.json(reply, 200, notStored, { ...shown, may });
};

/** Where it lies is nobody's business but of who administers it. */
export const listApiFindings: Handler = async ({ layouts, answers, gate }, request, reply) => {
  const asked = { seesAll: gate.visibility(request) === undefined, seesPlace: gate.may(request, 'admin') };
  answers.json(reply, 200, notStored, await layouts.show(repositoryNameOf(request), asked));
};

export const listApiTags: Handler = async ({ registry, answers }, request, reply) => {
  const { items, more } = await listTagSummaries(
    registry,
    repositoryNameOf(request),
    pageAsked(request),
    clientGone(reply),
  );
  answers.json(reply, 200, notStored, { tags: items, more });
};

export const showApiImage: Handler = async ({ registry, answers }, request, reply) => {
  const reference = parsePulledReference(parameterOf(request, 'reference'));
  const shown = await showImage(registry, repositoryNameOf(request), reference, clientGone(reply));
  answers.json(reply, 200, notStored, shown);
};

export const listApiMoves: Handler = async ({ registry, answers }, request, reply) => {
  const tag = parseTag(parameterOf(request, 'tag'));
  answers.json(reply, 200, notStored, { moves: await listTagMoves(registry, repositoryNameOf(request), tag) });
};

/** Sums tell of all repositories, so that whoever may not see all of them gets those alone that are theirs. */
export const showApiDisk: Handler = async ({ registry, disk, answers, gate }, request, reply) => {
  const isShown = gate.visibility(request);
  const all = await disk.show();
  answers.json(reply, 200, notStored, isShown === undefined ? all : await ownPart(registry, all, isShown));
};

/** `q` is what names hold; a page is never all of them. */
function pageAsked(request: FastifyRequest) {
  const { after, limit = defaultLimit } = parsePage(request.query);
  const text = firstValue(request.query, 'q');
  return { after, limit: Math.min(limit, mostAtOnce), text: text === '' ? undefined : text };
}
