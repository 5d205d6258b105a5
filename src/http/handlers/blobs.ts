// Blobs: pull, whole or in part, and delete (distribution-spec, end-2, end-10).
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Digest, parseDigest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import { assertHolds } from '../../oci/precondition.ts';
import type { BlobContent, Blobs } from '../../registry/blobs.ts';
import { closingAfter, isOurTurn } from '../blob-sender.ts';
import { type ByteRange, parseByteRange } from '../byte-range.ts';
import { assertMatch, entityTagOf, isNotModified, isRangeWanted, preconditionOf } from '../conditional.ts';
import { type HeaderList, headerNames } from '../headers.ts';
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
  await blobs.delete(digest);
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
  const range = parseByteRange(isRangeWanted(headers['if-range'], digest) ? headers.range : undefined, size);
  const { status, extra, first, length } = partOf(range, size);
  const check = status === 200 ? blobs.passingCheck(digest, content) : undefined;
  if (status === 206) blobs.checkLater(digest, content);
  await answers.blob(reply, status, [...blobHeaders(digest), ...extra], { sender, content, first, length, check });
}

function blobHeaders(digest: Digest): HeaderList {
  return [
    ...['Content-Type', mediaTypes.octetStream, headerNames.contentDigest, digest],
    // oras seeks within a blob only when it sees Accept-Ranges.
    ...['ETag', entityTagOf(digest), 'Accept-Ranges', 'bytes'],
  ];
}

interface AnsweredPart {
  readonly status: 200 | 206;
  readonly extra: HeaderList;
  readonly first: number;
  readonly length: number;
}

/** Refuses an unsatisfiable range with 416 and the size (RFC 9110, 15.5.17). */
function partOf(range: ByteRange, size: number): AnsweredPart {
  switch (range.kind) {
    case 'whole':
      return { status: 200, extra: [], first: 0, length: size };
    case 'part': {
      const { first, last } = range;
      const extra = ['Content-Range', `bytes ${first}-${last}/${size}`];
      return { status: 206, extra, first, length: last - first + 1 };
    }
    case 'unsatisfiable':
      throw new RegistryError('SIZE_INVALID', {
        status: 416,
        message: 'the requested range lies outside of the blob',
        headers: { 'Content-Range': `bytes */${size}` },
      });
  }
}
