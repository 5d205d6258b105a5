// The single mapping from any error to a status and a body: the envelope of distribution-spec, Error Codes.
import { STATUS_CODES } from 'node:http';
import { type ErrorEntry, RegistryError } from '../oci/error-code.ts';
import { isError } from '../oci/is-error.ts';
import type { RepositoryName } from '../oci/reference.ts';
import { StorageError } from '../registry/storage-failure.ts';
import { UploadRangeError } from '../registry/upload-chunk.ts';
import { uploadRangeOf } from './chunk-range.ts';
import { uploadUrl } from './headers.ts';

export interface ErrorResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly entries: readonly ErrorEntry[];
}

/** What an operator has to repair, or what passes by itself. */
const retryAfter = { 'Retry-After': '2' };

/** The refused request, as far as an answer depends on it. */
export interface RefusedRequest {
  readonly method: string;
  readonly repositoryName: RepositoryName | undefined;
}

export function errorResponseOf(error: unknown, { method, repositoryName }: RefusedRequest): ErrorResponse {
  if (error instanceof UploadRangeError && repositoryName !== undefined) return rangeResponseOf(error, repositoryName);
  if (error instanceof RegistryError) return error;
  if (error instanceof StorageError) return storageResponseOf(error, method);
  if (error instanceof DOMException && error.name === 'AbortError') return takenOver();
  return frameworkResponseOf(error) ?? new RegistryError('UNKNOWN');
}

/** The only thing that is aborted while its client is there: an append whose session a later request wants. */
function takenOver(): RegistryError {
  return new RegistryError('BLOB_UPLOAD_INVALID', { status: 416, detail: 'another request took over this upload' });
}

/** A chunk out of order: where to go on, and from which byte (distribution-spec, Pushing a blob in chunks). */
function rangeResponseOf({ status, entries, upload }: UploadRangeError, name: RepositoryName): ErrorResponse {
  return { status, entries, headers: { Location: uploadUrl(name, upload.id), Range: uploadRangeOf(upload.size) } };
}

/** Errno has become a word below; here the word becomes a status. Its message may name files and stays inside. */
function storageResponseOf({ failure }: StorageError, method: string): ErrorResponse {
  switch (failure) {
    case 'no-space':
      return new RegistryError('UNAVAILABLE', { status: 507, message: 'the registry has no space left' });
    case 'read-only':
      return new RegistryError(method === 'DELETE' ? 'UNSUPPORTED' : 'DENIED', {
        detail: 'the storage of the registry is read-only',
      });
    case 'unavailable':
      return new RegistryError('UNAVAILABLE', { headers: retryAfter });
    case 'unsafe':
    case 'too-large':
      return new RegistryError('UNAVAILABLE', {
        detail: 'the storage of this repository needs the attention of its operator',
        headers: retryAfter,
      });
  }
}

/** Fastify's own refusals: bad URL, parameter too long, invalid Content-Type. Its texts quote the request, ours do not. */
function frameworkResponseOf(error: unknown): ErrorResponse | undefined {
  if (!(isError(error) && 'code' in error && 'statusCode' in error)) return undefined;
  const { code, statusCode } = error;
  if (typeof code !== 'string' || !code.startsWith('FST_ERR_') || typeof statusCode !== 'number') return undefined;
  return statusCode >= 400 && statusCode < 500 ? protocolErrorOf(statusCode) : undefined;
}

/** A request that is no request of this API, whatever is wrong with it. */
export function protocolErrorOf(status: number): RegistryError {
  return new RegistryError('UNSUPPORTED', { status, message: STATUS_CODES[status]?.toLowerCase() ?? 'bad request' });
}

export function envelopeOf(entries: readonly ErrorEntry[]): Buffer {
  return Buffer.from(JSON.stringify({ errors: entries }));
}
