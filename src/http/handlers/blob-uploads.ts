// Uploads of blobs: sessions, chunks, single POST, mount (distribution-spec, end-4, end-5, end-6, end-11, end-13, end-14).
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Digest, parseDigest, parseDigestAlgorithm } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error-code.ts';
import { isRepositoryName } from '../../oci/reference.ts';
import { isUploadId, type UploadId } from '../../oci/upload-id.ts';
import type { Chunk, UploadStatus } from '../../registry/upload-chunk.ts';
import { parseContentRange, uploadRangeOf } from '../chunk-range.ts';
import { blobUrl, headerNames, uploadUrl } from '../headers.ts';
import { firstValue } from '../query.ts';
import { streamedBody } from '../request-body.ts';
import { parameterOf, repositoryNameOf } from '../request-context.ts';
import type { HandlerContext } from './handler-context.ts';

export function blobUploadRoutes(app: FastifyInstance, { registry, answers, gate }: HandlerContext): void {
  const repositoryOf = (request: FastifyRequest) => registry.repository(repositoryNameOf(request));

  const startUpload = async (request: FastifyRequest, reply: FastifyReply) => {
    const { uploads } = await repositoryOf(request);
    const mount = firstValue(request.query, 'mount');
    const digest = firstValue(request.query, 'digest');
    // When both are given, mount wins; a mount that cannot be done is an ordinary start (distribution-spec, Mounting Blobs).
    if (mount !== undefined) {
      const wanted = parseDigest(mount);
      if (await mountBlob(request, wanted)) return answerBlob(request, reply, wanted);
    } else if (digest !== undefined) {
      const pushed = await uploads.push(parseDigest(digest), chunkOf(request, reply));
      return answerBlob(request, reply, pushed.digest);
    }
    const algorithm = firstValue(request.query, 'digest-algorithm');
    const status = await uploads.start(algorithm === undefined ? {} : { algorithm: parseDigestAlgorithm(algorithm) });
    answerUpload(request, reply, 202, status);
  };

  /** A source that the client may not read, or that cannot exist, is treated as one without the blob: nothing is given away. */
  const mountBlob = async (request: FastifyRequest, digest: Digest): Promise<boolean> => {
    const { blobs } = await repositoryOf(request);
    const from = firstValue(request.query, 'from');
    if (from !== undefined && !isRepositoryName(from)) return false;
    return gate.mayPull(request, from) && blobs.mount(digest, from);
  };

  const appendChunk = async (request: FastifyRequest, reply: FastifyReply) => {
    const id = uploadIdOf(request);
    const status = await (await repositoryOf(request)).uploads.append(id, chunkOf(request, reply));
    answerUpload(request, reply, 202, status);
  };

  const finishUpload = async (request: FastifyRequest, reply: FastifyReply) => {
    const id = uploadIdOf(request);
    const digest = parseDigest(firstValue(request.query, 'digest') ?? '');
    await (await repositoryOf(request)).uploads.commit(id, digest, chunkOf(request, reply));
    answerBlob(request, reply, digest);
  };

  const uploadStatus = async (request: FastifyRequest, reply: FastifyReply) => {
    answerUpload(request, reply, 204, await (await repositoryOf(request)).uploads.status(uploadIdOf(request)));
  };

  const cancelUpload = async (request: FastifyRequest, reply: FastifyReply) => {
    await (await repositoryOf(request)).uploads.cancel(uploadIdOf(request));
    answers.empty(reply, 204, []);
  };

  const answerUpload = (request: FastifyRequest, reply: FastifyReply, code: 202 | 204, status: UploadStatus) =>
    answers.empty(reply, code, [
      ...['Location', uploadUrl(repositoryNameOf(request), status.id), 'Range', uploadRangeOf(status.size)],
      ...[headerNames.uploadId, status.id],
    ]);

  const answerBlob = (request: FastifyRequest, reply: FastifyReply, digest: Digest) =>
    answers.empty(reply, 201, [
      ...['Location', blobUrl(repositoryNameOf(request), digest), headerNames.contentDigest, digest],
    ]);

  const push = { config: { action: 'push' } } as const;
  app.post('/v2/:name/blobs/uploads/', push, startUpload);
  app.patch('/v2/:name/blobs/uploads/:id', push, appendChunk);
  app.put('/v2/:name/blobs/uploads/:id', push, finishUpload);
  app.get('/v2/:name/blobs/uploads/:id', push, uploadStatus);
  app.head('/v2/:name/blobs/uploads/:id', push, uploadStatus);
  app.delete('/v2/:name/blobs/uploads/:id', push, cancelUpload);
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
    // A client that leaves is noticed by the body itself, which fails: what had arrived by then is still kept.
    signal: new AbortController().signal,
  };
}
