// Blobs: pull, whole or in part, and delete (distribution-spec, end-2, end-10).
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Digest, parseDigest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import { assertHolds } from '../../oci/precondition.ts';
import type { BlobContent, Blobs } from '../../registry/blobs.ts';
import { closingAfter, isOurTurn } from '../blob-sender.ts';
import { type ByteRange, maxRanges, parseByteRange, type RangeChoice } from '../byte-range.ts';
import { authorOf } from '../change-author.ts';
import { assertMatch, entityTagOf, isNotModified, isRangeWanted, preconditionOf } from '../conditional.ts';
import { type HeaderList, headerNames } from '../headers.ts';
import { contentRangeOf, multipartBody } from '../multipart-ranges.ts';
import { parameterOf, repositoryNameOf } from '../request-context.ts';
import type { Handler, HandlerContext } from './handler-context.ts';

export const getBlob: Handler = async (context, request, reply) => {
  const digest = parseDigest(parameterOf(request, 'digest'));
  if (!(await isOurTurn(reply.raw))) return;
  const blobs = await blobsOf(context, request);
  const content = await blobs.open(digest);
  await closingAfter(content, (opened) => sendBlob(context, request, reply, { blobs, digest, content: opened }));
};

export const headBlob: Handler = async (context, request, reply) => {
  const { answers } = context;
  const digest = parseDigest(parameterOf(request, 'digest'));
  const { size } = await (await blobsOf(context, request)).stat(digest);
  assertMatch(request.headers['if-match'], digest);
  // A HEAD ignores Range (RFC 9110, 14.2: it is defined for GET only).
  if (isNotModified(request.headers['if-none-match'], digest)) answers.empty(reply, 304, blobHeaders(digest));
  else answers.head(reply, blobHeaders(digest), size);
};

export const deleteBlob: Handler = async (context, request, reply) => {
  const digest = parseDigest(parameterOf(request, 'digest'));
  const { blobs } = await context.registry.writable(repositoryNameOf(request));
  const precondition = preconditionOf(request.headers);
  // Content under a digest never changes: what does not hold now will not hold under any lock.
  if (precondition !== undefined) assertHolds(precondition, (await blobs.stat(digest)).digest);
  await blobs.delete(digest, authorOf(request));
  context.answers.empty(reply, 202, []);
};

async function blobsOf({ registry }: HandlerContext, request: FastifyRequest): Promise<Blobs> {
  return (await registry.repository(repositoryNameOf(request))).blobs;
}

interface OpenedBlob {
  readonly blobs: Blobs;
  readonly digest: Digest;
  readonly content: BlobContent;
}

async function sendBlob(
  { answers, sender }: HandlerContext,
  { headers }: FastifyRequest,
  reply: FastifyReply,
  { blobs, digest, content }: OpenedBlob,
): Promise<void> {
  assertMatch(headers['if-match'], digest);
  if (isNotModified(headers['if-none-match'], digest)) return answers.empty(reply, 304, blobHeaders(digest));
  const { size } = content.info;
  const choice = parseByteRange(isRangeWanted(headers['if-range'], digest) ? headers.range : undefined, size);
  if (choice.kind === 'whole') {
    const check = blobs.passingCheck(digest, content);
    return answers.blob(reply, 200, blobHeaders(digest), { sender, content, first: 0, length: size, check });
  }
  const ranges = satisfiable(choice, size);
  blobs.checkLater(digest, content);
  if (ranges.length > 1) {
    return answers.ranges(reply, commonHeaders(digest), { sender, content, body: multipartBody(ranges, size) });
  }
  const { first, last } = ranges[0];
  const part = { sender, content, first, length: last - first + 1, check: undefined };
  const contentRange = ['Content-Range', contentRangeOf({ first, last }, size)];
  await answers.blob(reply, 206, [...blobHeaders(digest), ...contentRange], part);
}

function blobHeaders(digest: Digest): HeaderList {
  return ['Content-Type', mediaTypes.octetStream, ...commonHeaders(digest)];
}

function commonHeaders(digest: Digest): HeaderList {
  return [
    ...[headerNames.contentDigest, digest],
    // oras seeks within a blob only when it sees Accept-Ranges.
    ...['ETag', entityTagOf(digest), 'Accept-Ranges', 'bytes'],
  ];
}

type ByteRanges = readonly [ByteRange, ...ByteRange[]];

/**
 * Refuses a range outside of the blob with 416 and the size (RFC 9110, 15.5.17). Too many are 400, where 14.2 allows to refuse them:
 * podman and stargz ask for fewer after that status alone, and would read the whole blob after 200, or give up after 416.
 */
function satisfiable(choice: Exclude<RangeChoice, { kind: 'whole' }>, size: number): ByteRanges {
  switch (choice.kind) {
    case 'part':
      return [choice];
    case 'parts':
      return choice.ranges;
    case 'too-many':
      throw new RegistryError('UNSUPPORTED', {
        status: 400,
        message: 'too many ranges',
        detail: `at most ${maxRanges} ranges in one request`,
      });
    case 'unsatisfiable':
      throw new RegistryError('SIZE_INVALID', {
        status: 416,
        message: 'the requested range lies outside of the blob',
        headers: { 'Content-Range': `bytes */${size}` },
      });
  }
}
