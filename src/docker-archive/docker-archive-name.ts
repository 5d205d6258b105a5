// The names in RepoTags of `docker save` as Docker's own full names: docker.io/library/alpine:3.20 for alpine:3.20.
import { isRepositoryName, isTag } from '../oci/reference.ts';

export interface DockerName {
  /** With registry and tag: as the annotation `imageName` has it. */
  readonly full: string;
  readonly tag: string;
}

const registryPattern = /^(?:[a-zA-Z0-9][a-zA-Z0-9.-]*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;

/** Undefined for what is no name with a tag, such as `<none>:<none>`. */
export function parseDockerName(text: string): DockerName | undefined {
  const slash = text.lastIndexOf('/');
  const colon = text.indexOf(':', slash + 1);
  const tag = colon === -1 ? 'latest' : text.slice(colon + 1);
  const { registry, path } = splitRegistry(colon === -1 ? text : text.slice(0, colon));
  if (!registryPattern.test(registry) || !isRepositoryName(path) || !isTag(tag)) return undefined;
  return { full: `${registry}/${path}:${tag}`, tag };
}

/** The first component is a registry when it has a dot, a colon or a capital, or is `localhost` (Docker's reference grammar). */
function splitRegistry(name: string): { readonly registry: string; readonly path: string } {
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const isRegistry = /[.:A-Z]/.test(first) || first === 'localhost';
  const registry = isRegistry ? first : 'docker.io';
  const path = isRegistry ? name.slice(slash + 1) : name;
  if (registry !== 'docker.io' && registry !== 'index.docker.io') return { registry, path };
  return { registry: 'docker.io', path: path.includes('/') ? path : `library/${path}` };
}
