// Manifests: pull, push and delete by tag or digest (distribution-spec, end-3, end-7, end-9).
import type { FastifyRequest } from 'fastify';
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { parsePulledReference, parseReference, parseTag, type Reference, type Tag } from '../../oci/reference.ts';
import type { Manifests, WritableManifests } from '../../registry/manifests.ts';
import { authorOf } from '../change-author.ts';
import { assertMatch, entityTagOf, isNotModified, preconditionOf } from '../conditional.ts';
import { type HeaderList, headerNames, manifestUrl } from '../headers.ts';
import { allValues } from '../query.ts';
import { parameterOf, repositoryNameOf } from '../request-context.ts';
import type { Handler, HandlerContext } from './handler-context.ts';

/** More `tag` parameters than any client sends (distribution-spec main: at least 10, 414 when there are too many). */
const maxTags = 100;

export const getManifest: Handler = async (context, request, reply) => {
  const { answers } = context;
  const reference = parsePulledReference(parameterOf(request, 'reference'));
  const { digest, mediaType, bytes } = await (await manifestsOf(context, request)).get(reference);
  assertMatch(request.headers['if-match'], digest);
  if (isNotModified(request.headers['if-none-match'], digest)) answers.empty(reply, 304, contentHeaders(digest));
  else answers.bytes(reply, 200, manifestHeaders(digest, mediaType), bytes);
};

export const headManifest: Handler = async (context, request, reply) => {
  const { answers } = context;
  const reference = parsePulledReference(parameterOf(request, 'reference'));
  const { digest, mediaType, size } = await (await manifestsOf(context, request)).stat(reference);
  assertMatch(request.headers['if-match'], digest);
  if (isNotModified(request.headers['if-none-match'], digest)) answers.empty(reply, 304, contentHeaders(digest));
  else answers.head(reply, manifestHeaders(digest, mediaType), size);
};

export const putManifest: Handler = async (context, request, reply) => {
  const { answers, bodies, gate } = context;
  const reference = parseReference(parameterOf(request, 'reference'));
  const tags = tagsOf(request.query, reference);
  const contentType = request.raw.headers['content-type'];
  const precondition = preconditionOf(request.headers);
  const protection = gate.protection(request, 'push');
  const pushed = await bodies.with(request, reply, async (bytes) => {
    await gate.recordContent(request, bytes);
    const manifests = await writableManifestsOf(context, request);
    return manifests.put({ reference, tags, contentType, bytes, precondition, protection, by: authorOf(request) });
  });
  answers.empty(reply, 201, [
    ...['Location', manifestUrl(repositoryNameOf(request), pushed.digest)],
    // What the next push can demand in If-Match.
    ...contentHeaders(pushed.digest),
    ...(pushed.subject === undefined ? [] : [headerNames.subject, pushed.subject]),
    ...(pushed.tags.length === 0 ? [] : [headerNames.tag, pushed.tags.join(', ')]),
  ]);
};

export const deleteManifest: Handler = async (context, request, reply) => {
  const reference = parsePulledReference(parameterOf(request, 'reference'));
  const protection = context.gate.protection(request, 'delete');
  const deletion = { precondition: preconditionOf(request.headers), protection, by: authorOf(request) };
  await (await writableManifestsOf(context, request)).delete(reference, deletion);
  context.answers.empty(reply, 202, []);
};

async function manifestsOf({ registry }: HandlerContext, request: FastifyRequest): Promise<Manifests> {
  return (await registry.repository(repositoryNameOf(request))).manifests;
}

async function writableManifestsOf({ registry }: HandlerContext, request: FastifyRequest): Promise<WritableManifests> {
  return (await registry.writable(repositoryNameOf(request))).manifests;
}

function contentHeaders(digest: Digest): HeaderList {
  return [headerNames.contentDigest, digest, 'ETag', entityTagOf(digest)];
}

function manifestHeaders(digest: Digest, mediaType: string): HeaderList {
  return ['Content-Type', mediaType, headerNames.contentDigest, digest, 'ETag', entityTagOf(digest)];
}

/** The `tag` parameters of a push by digest. All are checked before anything is stored, since a push is done as a whole or not at all. */
function tagsOf(query: unknown, reference: Reference): readonly Tag[] {
  const tags = [...new Set(allValues(query, 'tag'))];
  if (tags.length > 0 && reference.kind === 'tag') {
    throw new RegistryError('UNSUPPORTED', {
      status: 400,
      message: 'the "tag" parameter belongs to a push by digest',
      detail: 'the path names a tag already',
    });
  }
  if (tags.length > maxTags) {
    throw new RegistryError('UNSUPPORTED', { status: 414, message: `at most ${maxTags} "tag" parameters` });
  }
  return tags.map(parseTag);
}
