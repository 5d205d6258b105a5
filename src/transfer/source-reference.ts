// What the REF, PATH and URL of a command mean. Pure: what exists on disk is asked through a function.
//
//   http://… https://… docker://…                             a registry
//   oci:… oci-archive:… docker-archive:…                      a path, as below
//   ./… ../… /… ~…                                            a layout, an archive or a root of layouts on this machine
//   the path part exists on disk, and it is no name of a
//   repository, or no --root was written                      the same
//   first of several components has a dot or a colon,
//   or is localhost; or HOST:PORT alone                       a registry
//   anything else                                             a repository below --root
import type { ArchiveByName } from '../mounts/archives-below.ts';
import type { PathKind } from '../mounts/path-kind.ts';
import { isOfEngine, transportOf } from '../mounts/transport-prefix.ts';
import { isDigest } from '../oci/digest.ts';
import { isRepositoryName, isTag, type Reference, type RepositoryName } from '../oci/reference.ts';

export interface Surroundings {
  readonly lookAt: (path: string) => PathKind | 'absent';
  /** The archive in a directory that a name, or the beginning of one, means; undefined when there is none. */
  readonly archiveNamed: (directory: string, name: string) => ArchiveByName | undefined;
  /** Replaces a leading `~`. */
  readonly home: string | undefined;
  /**
   * Where somebody wrote --root, what has a directory there is a name below it, whatever lies in the working directory. Archives are files, which
   * no name means. Undefined: nobody wrote it, and the working directory comes first.
   */
  readonly isInRoot: ((directory: string) => boolean) | undefined;
}

/** The beginning of a digest, as `moorage ls` prints it: resolved where the source is open (short-digest.ts). */
export interface ShortDigest {
  readonly kind: 'short-digest';
  /** `sha256:1a2b3c4d5e6f`, or without the algorithm. */
  readonly text: string;
}

export type WrittenReference = Reference | ShortDigest;

export interface RemoteReference {
  readonly kind: 'remote';
  readonly host: string;
  /** Undefined where none was written. */
  readonly scheme: 'http' | 'https' | undefined;
  readonly name: RepositoryName | undefined;
  readonly reference: WrittenReference | undefined;
}

export interface PathReference {
  readonly kind: 'path';
  /** The longest leading part that exists. */
  readonly path: string;
  /** What follows it: a repository within a layout or archive that has several. */
  readonly within: string | undefined;
  readonly reference: WrittenReference | undefined;
}

export interface RootReference {
  readonly kind: 'root';
  readonly name: RepositoryName;
  readonly reference: WrittenReference | undefined;
}

export type SourceReference = RemoteReference | PathReference | RootReference;

/** What a person wrote and nothing can be made of, with what to write instead. */
export class WrongReferenceError extends Error {
  override readonly name = 'WrongReferenceError';
}

/** The registry of an image that names none is not guessed: `app:v1` is below --root, never on Docker Hub. */
export function parseSourceReference(text: string, surroundings: Surroundings): SourceReference {
  if (text.trim() === '') throw new WrongReferenceError('the name of an image or a path is empty');
  const [, scheme, rest = ''] = /^(https?):\/\/(.*)$/i.exec(text) ?? [];
  if (scheme !== undefined) return remote(text, rest, scheme.toLowerCase() === 'http' ? 'http' : 'https');
  const transported = transportOf(text, surroundings.lookAt);
  if (transported?.kind === 'registry') return remote(text, transported.rest, undefined);
  if (transported?.kind === 'path') return transportedPath(text, transported.rest, surroundings);
  if (isOfEngine(text))
    throw new WrongReferenceError(`${text} is in an engine: export it there, as with docker save -o app.tar`);
  if (isWrittenAsPath(text)) return explicitPath(text, surroundings);
  // Without ./ before it, it may as well be the name of a repository.
  const onDisk = isNameBelowRoot(text, surroundings)
    ? undefined
    : pathOnDisk(text, surroundings.lookAt, () => undefined);
  if (onDisk !== undefined) return onDisk;
  if (archiveName.test(text)) return absentPath(text, text);
  if (namesHost(text)) return remote(text, text, undefined);
  const { base, reference } = split(text, text);
  return { kind: 'root', name: repositoryName(base, text), reference };
}

/** It can be nothing else, whatever is on disk. */
export function isWrittenAsPath(text: string): boolean {
  return /^(?:\.{0,2}\/|\.{1,2}(?:[:@]|$)|~)/.test(text);
}

function isNameBelowRoot(text: string, { isInRoot, lookAt }: Surroundings): boolean {
  if (isInRoot === undefined || namesHost(text)) return false;
  const base = trySplit(text)?.base ?? '';
  if (!isRepositoryName(base) || lookAt(text) === 'archive' || lookAt(base) === 'archive') return false;
  // Several repositories may lie in one layout, whose directory is called as they begin.
  return isInRoot(base.split('/', 1)[0] ?? base);
}

/** Nobody means a registry by `images.tar:v1`: the file is missing. */
const archiveName = /^[^/@]+\.(?:tar|tgz|tzst|tar\.[a-z0-9]+)(?:[:@]|$)/;

const host = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

function namesHost(text: string): boolean {
  const slash = text.indexOf('/');
  // `app:v1` has a tag, `localhost:5000` and `ghcr.io` have none: alone, a host shows a port or a dot that a name rarely has.
  if (slash < 0)
    return text === 'localhost' || (host.test(text) && /^localhost:\d|^\[|^[^:]*\.[^:]*(?::\d+)?$/i.test(text));
  const first = text.slice(0, slash);
  return first === 'localhost' || /[.:]/.test(first);
}

function remote(text: string, rest: string, scheme: RemoteReference['scheme']): RemoteReference {
  const [written = '', ...components] = rest.split('/');
  if (!host.test(written))
    throw new WrongReferenceError(`"${text}" names no registry: "${written}" is neither HOST nor HOST:PORT`);
  const path = components.join('/').replace(/\/$/, '');
  if (path === '') return { kind: 'remote', host: written, scheme, name: undefined, reference: undefined };
  const { base, reference } = split(path, text);
  return { kind: 'remote', host: written, scheme, name: repositoryName(onDockerHub(written, base), text), reference };
}

/** `docker.io/alpine` is short for `docker.io/library/alpine`. */
function onDockerHub(registry: string, base: string): string {
  return /^(?:index\.)?docker\.io$/.test(registry) && !base.includes('/') ? `library/${base}` : base;
}

function explicitPath(text: string, { lookAt, archiveNamed, home }: Surroundings): PathReference {
  const path = home !== undefined && /^~(?:\/|[:@]|$)/.test(text) ? `${home}${text.slice(1)}` : text;
  return pathOnDisk(path, lookAt, archiveNamed) ?? absentPath(path, text);
}

/** skopeo and podman write a name after the path: `docker-archive:app.tar:docker.io/library/alpine:3.20`. */
function transportedPath(text: string, rest: string, surroundings: Surroundings): PathReference {
  const { lookAt } = surroundings;
  const colon = rest.indexOf(':');
  const [path, name] = [rest.slice(0, Math.max(colon, 0)), rest.slice(colon + 1)];
  if (!/[/:]/.test(name) || lookAt(rest) !== 'absent' || lookAt(path) === 'absent') {
    return explicitPath(rest, surroundings);
  }
  const { base, reference } = split(name, text);
  return { kind: 'path', path, within: base, reference };
}

function absentPath(text: string, written: string): PathReference {
  const { base, reference } = split(text, written);
  return { kind: 'path', path: base, within: undefined, reference };
}

/** The path that `text` begins with, when it exists or its beginning is a layout or an archive. */
function pathOnDisk(
  text: string,
  lookAt: Surroundings['lookAt'],
  archiveNamed: Surroundings['archiveNamed'],
): PathReference | undefined {
  if (lookAt(text) !== 'absent') return { kind: 'path', path: text, within: undefined, reference: undefined };
  const cut = trySplit(text);
  if (cut === undefined) return undefined;
  const { base, reference } = cut;
  if (lookAt(base) !== 'absent') return { kind: 'path', path: base, within: undefined, reference };
  for (let end = base.lastIndexOf('/'); end > 0; end = base.lastIndexOf('/', end - 1)) {
    const path = base.slice(0, end);
    const kind = lookAt(path);
    // A repository of a root is a directory, which would have been found: only what is inside of a layout, or an archive, is not.
    if (kind === 'root') {
      const archive = archiveNamed(path, base.slice(end + 1));
      return archive && { kind: 'path', ...archive, reference };
    }
    if (kind !== 'absent') return { kind: 'path', path, within: base.slice(end + 1), reference };
  }
  return undefined;
}

interface Split {
  readonly base: string;
  readonly reference: WrittenReference | undefined;
}

function split(text: string, whole: string): Split {
  const found = trySplit(text);
  if (found !== undefined) return found;
  throw new WrongReferenceError(
    `"${whole}" ends in neither a tag (:v1) nor a digest (@sha256: and 64 hex digits, or the first of them, at least 4)`,
  );
}

/** The beginning of a digest, as `ls` prints it: fewer digits are a slip more often than a choice. */
const shortDigest = /^(?:sha(?:256|512):)?[0-9a-f]{4,127}$/;

/** Where both a tag and a digest are written the digest counts, as everywhere. */
function trySplit(text: string): Split | undefined {
  const [, before = text, digest] = /^(.*)@([a-z0-9+._-]+:[^/@]*|[0-9a-f]{4,})$/s.exec(text) ?? [];
  if (digest !== undefined && !isDigest(digest) && !shortDigest.test(digest)) return undefined;
  const last = before.lastIndexOf(':');
  const colon = last > before.lastIndexOf('/') ? last : -1;
  const tag = colon < 0 ? undefined : before.slice(colon + 1);
  if (tag !== undefined && !isTag(tag)) return undefined;
  const base = colon < 0 ? before : before.slice(0, colon);
  if (digest !== undefined) {
    return { base, reference: isDigest(digest) ? { kind: 'digest', digest } : { kind: 'short-digest', text: digest } };
  }
  return { base, reference: tag === undefined ? undefined : { kind: 'tag', tag } };
}

function repositoryName(text: string, whole: string): RepositoryName {
  if (isRepositoryName(text)) return text;
  const shape = 'lower-case letters and digits, separated by one of . _ __ or dashes, joined by /';
  throw new WrongReferenceError(`"${whole}": no such path exists, and "${text}" is not a repository name (${shape})`);
}
