// The full names that engines know images by: HOST/NAME as docker reads it, with docker.io where no registry is named.
import { isRepositoryName, isTag, type Tag } from '../oci/reference.ts';

export interface FullName {
  /** With its registry, e.g. `docker.io/library/app`. */
  readonly repository: string;
  readonly tag: Tag | undefined;
}

const defaultHost = 'docker.io';
const officialPrefix = 'library/';
const hostPattern = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9-]+)*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;

/** As docker reads a name: the first component is a registry when it has a dot or a colon, or is `localhost`. */
export function fullNameOf(name: string): string {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const path = isHost(first) ? name.slice(slash + 1) : name;
  const host = isHost(first) && first !== `index.${defaultHost}` ? first : defaultHost;
  return host === defaultHost && !path.includes('/') ? `${host}/${officialPrefix}${path}` : `${host}/${path}`;
}

/** `--name FULLNAME[:TAG]`; undefined when it is no name that engines accept. */
export function parseFullName(text: string): FullName | undefined {
  const colon = text.lastIndexOf(':');
  const hasTag = colon > text.lastIndexOf('/');
  const repository = fullNameOf(hasTag ? text.slice(0, colon) : text);
  const tag = hasTag ? text.slice(colon + 1) : undefined;
  const slash = repository.indexOf('/');
  if (!hostPattern.test(repository.slice(0, slash)) || !isRepositoryName(repository.slice(slash + 1))) return undefined;
  if (tag === undefined) return { repository, tag: undefined };
  return isTag(tag) ? { repository, tag } : undefined;
}

function isHost(component: string): boolean {
  return component === 'localhost' || /[.:]/.test(component);
}
