// Where a blob is to be mounted from (distribution-spec, end-11): the `from` of a POST that begins an upload.
import type { FastifyRequest } from 'fastify';
import { isRepositoryName, type RepositoryName } from '../oci/reference.ts';
import { firstValue } from './query.ts';

/** No name of a repository, whatever one is called. */
export const anySource = Symbol('any repository');

export type MountSource = RepositoryName | typeof anySource;

/** `anySource` where none is named; undefined where nothing is mounted, or from what cannot be a repository. */
export function mountSourceOf({ method, query }: FastifyRequest): MountSource | undefined {
  if (method !== 'POST' || firstValue(query, 'mount') === undefined) return undefined;
  const from = firstValue(query, 'from');
  if (from === undefined) return anySource;
  return isRepositoryName(from) ? from : undefined;
}
