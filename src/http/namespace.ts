// `?ns=HOST` on pulls (distribution-spec main, Registry Proxying): a client that mirrors several registries here, as containerd
// does, says which one it means. Unknown hosts are no error: every request of a mirror carries the parameter.
import type { FastifyRequest } from 'fastify';
import type { RepositoryName } from '../oci/reference.ts';
import type { Registry } from '../registry/registry.ts';
import { firstValue } from './query.ts';

/** A host name with an optional port; anything else in the parameter is ignored. */
const host = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?(?::[0-9]{1,5})?$/;

/** The registry that the client means; undefined when it does not say. */
export function namespaceOf(request: FastifyRequest): string | undefined {
  // Looked for in the text first: nearly no request has a query.
  if (!request.url.includes('ns=')) return undefined;
  const namespace = firstValue(request.query, 'ns');
  return namespace !== undefined && host.test(namespace) ? namespace : undefined;
}

/** The repository that holds `name` of that registry: HOST/name when it is here, else `name` itself. What is not shown to the client is not here. */
export async function resolveNamespace(
  registry: Registry,
  request: FastifyRequest,
  name: RepositoryName,
  isShown: (repository: RepositoryName) => boolean,
): Promise<RepositoryName> {
  const namespace = namespaceOf(request);
  if (namespace === undefined) return name;
  request.namespace = namespace;
  return (await registry.mirrored(namespace, name, isShown)) ?? name;
}
