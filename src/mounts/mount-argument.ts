// A PATH of the command line: `PATH`, `NAME=PATH`, `NAME=PATH:ro`, `NAME=PATH:gc`.
import { basename, resolve } from 'node:path';
import { isRepositoryName, type RepositoryName } from '../oci/reference.ts';

export interface MountArgument {
  /** As it was written, for messages. */
  readonly written: string;
  /** Undefined: it is named after its path. */
  readonly name: RepositoryName | undefined;
  /** Absolute. */
  readonly path: string;
  readonly readOnly: boolean;
  /** What nothing leads to is deleted there, although moorage did not create it. */
  readonly collects: boolean;
}

/** A command line that cannot be: the message says what would be right. */
export class MountArgumentError extends Error {
  override readonly name = 'MountArgumentError';
}

const plain = { readOnly: false, collects: false };
const suffixes = [':ro', ':gc'] as const;

/** `exists` tells whether a path is there: a file may well be called `a=b:ro`. */
export function parseMountArgument(written: string, exists: (path: string) => boolean): MountArgument {
  // resolve('') is the working directory: a shell variable without a value must not serve that.
  if (written.trim() === '') throw new MountArgumentError('a PATH is empty; write . for the working directory');
  if (exists(resolve(written))) return { written, name: undefined, path: resolve(written), ...plain };
  const equals = written.indexOf('=');
  const prefix = equals > 0 ? written.slice(0, equals) : '';
  const isNamed = prefix !== '' && !prefix.startsWith('.') && !prefix.startsWith('/');
  const name = isRepositoryName(prefix) ? prefix : undefined;
  if (isNamed && name === undefined) {
    throw new MountArgumentError(
      `"${prefix}" in "${written}" is not a repository name: lower-case letters and digits, separated by one of . _ __ or dashes`,
    );
  }
  const text = withoutTransport(isNamed ? written.slice(equals + 1) : written);
  const suffix = exists(resolve(text)) ? undefined : suffixes.find((each) => text.endsWith(each));
  const relative = suffix === undefined ? text : text.slice(0, -suffix.length);
  const path = resolve(relative);
  if (relative.trim() === '') throw new MountArgumentError(`"${written}" names no path; write NAME=PATH`);
  return { written, name, path, readOnly: suffix === ':ro', collects: suffix === ':gc' };
}

/** skopeo, podman: `oci:images`. */
function withoutTransport(text: string): string {
  return text.replace(/^(?:oci|oci-archive|docker-archive|dir):(?=.)/, '');
}

const extensions = /(?:\.(?:tar|oci|tgz|tzst|txz|tbz2?|gz|zst|zstd|xz|bz2))+$/;

/** What a mount without a name is called. Throws when no name can be made of the path. */
export function nameOfPath({ path, written }: MountArgument): RepositoryName {
  const name = baseNameOf(path);
  if (name !== undefined) return name;
  throw new MountArgumentError(`no repository name can be made of "${written}"; write NAME=${written}`);
}

/** The base name in lower case, without the extensions of archives; other characters become dashes. Undefined when nothing is left. */
export function baseNameOf(path: string): RepositoryName | undefined {
  return nameComponentOf(basename(path).toLowerCase().replace(extensions, ''));
}

/** What a file or directory could be called in the name of a repository. Undefined when nothing is left. */
export function nameComponentOf(written: string): RepositoryName | undefined {
  const name = written
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/([._-])[._-]+/g, '$1')
    .replaceAll(/^[._-]+|[._-]+$/g, '');
  return isRepositoryName(name) ? name : undefined;
}
