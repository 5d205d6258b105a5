// Where a blob is to be mounted from (distribution-spec, end-11): the `from` of a POST that begins an upload.
import type { FastifyRequest } from 'fastify';
import { isRepositoryName, type RepositoryName } from '../oci/reference.ts';
import { firstValue } from './query.ts';

/** Undefined where none is named, or what cannot be one. */
export function mountSourceOf({ method, query }: FastifyRequest): RepositoryName | undefined {
  if (method !== 'POST' || firstValue(query, 'mount') === undefined) return undefined;
  const from = firstValue(query, 'from') ?? '';
  return isRepositoryName(from) ? from : undefined;
}
