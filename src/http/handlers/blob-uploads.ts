// Uploads of blobs: sessions, chunks, single POST, mount (distribution-spec, end-4, end-5, end-6, end-11, end-13, end-14).
import type { FastifyReply, FastifyRequest } from 'fastify';
import { principalKey } from '../../auth/principal.ts';
import { type Digest, parseDigest, parseDigestAlgorithm } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { isRepositoryName } from '../../oci/reference.ts';
import { isUploadId, type UploadId } from '../../oci/upload-id.ts';
import type { Chunk, UploadStatus } from '../../registry/upload-chunk.ts';
import type { Uploads } from '../../registry/uploads.ts';
import { authorOf } from '../change-author.ts';
import { parseContentRange, uploadRangeOf } from '../chunk-range.ts';
import { blobUrl, headerNames, uploadUrl } from '../headers.ts';
import { firstValue } from '../query.ts';
import { hasOwnBytes, streamedBody } from '../request-body.ts';
import { parameterOf, repositoryNameOf } from '../request-context.ts';
import type { Handler, HandlerContext } from './handler-context.ts';

export const startUpload: Handler = async (context, request, reply) => {
  const uploads = await uploadsOf(context, request);
  const mount = firstValue(request.query, 'mount');
  const digest = firstValue(request.query, 'digest');
  // When both are given, mount wins; a mount that cannot be done is an ordinary start (distribution-spec, Mounting Blobs).
  if (mount !== undefined) {
    const wanted = parseDigest(mount);
    if (await mountBlob(context, request, wanted)) return answerBlob(context, request, reply, wanted);
  } else if (digest !== undefined) {
    const pushed = await uploads.push(parseDigest(digest), chunkOf(request, reply));
    return answerBlob(context, request, reply, pushed.digest);
  }
  const algorithm = firstValue(request.query, 'digest-algorithm');
  const status = await uploads.start(algorithm === undefined ? {} : { algorithm: parseDigestAlgorithm(algorithm) });
  answerUpload(context, request, reply, 202, status);
};

export const appendChunk: Handler = async (context, request, reply) => {
  const id = uploadIdOf(request);
  const status = await (await uploadsOf(context, request)).append(id, chunkOf(request, reply));
  answerUpload(context, request, reply, 202, status);
};

export const finishUpload: Handler = async (context, request, reply) => {
  const id = uploadIdOf(request);
  const digest = parseDigest(firstValue(request.query, 'digest') ?? '');
  await (await uploadsOf(context, request)).commit(id, digest, chunkOf(request, reply));
  answerBlob(context, request, reply, digest);
};

export const uploadStatus: Handler = async (context, request, reply) => {
  const id = uploadIdOf(request);
  answerUpload(context, request, reply, 204, await (await uploadsOf(context, request)).status(id));
};

export const cancelUpload: Handler = async (context, request, reply) => {
  const id = uploadIdOf(request);
  await (await uploadsOf(context, request)).cancel(id);
  context.answers.empty(reply, 204, []);
};

async function uploadsOf({ registry }: HandlerContext, request: FastifyRequest): Promise<Uploads> {
  return (await registry.writable(repositoryNameOf(request))).uploads.of(principalKey(request.principal));
}

/** A source that the client may not read, or that cannot exist, is treated as one without the blob: nothing is given away. */
async function mountBlob(
  { registry, gate }: HandlerContext,
  request: FastifyRequest,
  digest: Digest,
): Promise<boolean> {
  const { blobs } = await registry.writable(repositoryNameOf(request));
  const from = firstValue(request.query, 'from');
  if (from !== undefined && !isRepositoryName(from)) return false;
  return (await gate.mayMount(request, from)) && blobs.mount(digest, from, { by: authorOf(request) });
}

function answerUpload(
  { answers }: HandlerContext,
  request: FastifyRequest,
  reply: FastifyReply,
  code: 202 | 204,
  { id, size }: UploadStatus,
): void {
  answers.empty(reply, code, [
    ...['Location', uploadUrl(repositoryNameOf(request), id), 'Range', uploadRangeOf(size)],
    ...[headerNames.uploadId, id],
  ]);
}

function answerBlob({ answers }: HandlerContext, request: FastifyRequest, reply: FastifyReply, digest: Digest): void {
  answers.empty(reply, 201, [
    ...['Location', blobUrl(repositoryNameOf(request), digest), headerNames.contentDigest, digest],
  ]);
}

/** What was never given out names no session. */
function uploadIdOf(request: FastifyRequest): UploadId {
  const id = parameterOf(request, 'id');
  if (isUploadId(id)) return id;
  // The router takes `blobs/uploads/` for a session without an id.
  if (id === '') throw new RegistryError('UNSUPPORTED', { headers: { Allow: 'POST' } });
  throw new RegistryError('BLOB_UPLOAD_UNKNOWN');
}

function chunkOf(request: FastifyRequest, reply: FastifyReply): Chunk {
  const { 'content-length': length, 'content-range': range } = request.headers;
  return {
    range: parseContentRange(range),
    length: length === undefined ? undefined : Number(length),
    body: streamedBody(request, reply),
    ownsBytes: hasOwnBytes(request.raw),
  };
}
