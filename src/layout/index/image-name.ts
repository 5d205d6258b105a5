// Full image names as tools write them into index.json: `docker.io/library/alpine:3.20`, `localhost:5000/app@sha256:...`, `acme/app:v1`.
// The grammar of annotations is wider than that of repositories (image-spec, annotations.md), so much of it is only text to us.
import { isRepositoryName, isTag, type RepositoryName, type Tag } from '../../oci/reference.ts';

export interface ImageName {
  /** `docker.io`, `localhost:5000`; undefined when the name says no registry. */
  readonly host: string | undefined;
  readonly path: RepositoryName;
  /** Undefined for a name without a tag, e.g. `app@sha256:...`: such an entry is found by digest only. */
  readonly tag: Tag | undefined;
}

/** Undefined when the text is no name that a client could ask for, e.g. one with upper-case letters in its path. */
export function parseImageName(text: string): ImageName | undefined {
  const at = text.indexOf('@');
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const repository = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !isTag(tag)) return undefined;
  const slash = repository.indexOf('/');
  const first = repository.slice(0, Math.max(slash, 0));
  // A capital makes a registry of it as well, since no repository has one (Docker's reference grammar).
  const hasHost = slash > 0 && (/[.:A-Z]/.test(first) || first === 'localhost');
  const path = hasHost ? repository.slice(slash + 1) : repository;
  if (!isRepositoryName(path)) return undefined;
  return { host: hasHost ? canonicalHost(first) : undefined, path, tag };
}

export const dockerHub = 'docker.io';
export const dockerHubAlias = 'index.docker.io';

/** Docker Hub has several names: crane writes `index.docker.io`, and `registry-1.docker.io` is where its API is. */
export function canonicalHost(written: string): string {
  // Hosts are the same in any case (RFC 4343). One that is told from a repository by its capitals alone keeps them.
  const host = /[.:]/.test(written) ? written.toLowerCase() : written;
  return host === dockerHubAlias || host === 'registry-1.docker.io' ? dockerHub : host;
}

/** The path of a virtual repository that begins with a registry, as names that a client writes are read. */
export function canonicalPath<Path extends string>(path: Path): Path {
  const rest = path.startsWith(`${dockerHubAlias}/`) ? path.slice(dockerHubAlias.length) : undefined;
  return rest === undefined ? path : (`${dockerHub}${rest}` as Path);
}

/** The host as the first component of a repository name, which cannot hold a colon: `localhost_5000`. Undefined when it cannot be one. */
export function hostComponent(host: string): string | undefined {
  const component = host.toLowerCase().replaceAll(/[:[\]]+/g, '_');
  return isRepositoryName(component) ? component : undefined;
}

export function printImageName({ host, path, tag }: ImageName): string {
  return `${host === undefined ? '' : `${host}/`}${path}${tag === undefined ? '' : `:${tag}`}`;
}
