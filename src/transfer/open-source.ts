// From what a person wrote to an open source: parses REF, PATH or URL, opens what it names, and finds the repository in it.

import { pathKindIfAny } from '../mounts/path-kind.ts';
import { cosignTagParts } from '../oci/cosign-tag.ts';
import { RegistryError } from '../oci/error-code.ts';
import { parseTag, type Reference, type RepositoryName } from '../oci/reference.ts';
import type { LayoutRules } from '../registry/layout-rules.ts';
import { loginCredentials } from '../remote/login-credentials.ts';
import { defaultTransport, openRemote, type RemoteOptions } from '../remote/open-remote.ts';
import { textAt } from '../storage/filesystem/path-probe.ts';
import type { Log } from '../storage/log.ts';
import type { ImageSource } from './image-source.ts';
import { openLocalSource } from './local-source.ts';
import { type OwnName, ownNamesIn } from './own-name.ts';
import { resolveReference } from './short-digest.ts';
import { SourceError } from './source-error.ts';
import {
  type PathReference,
  parseSourceReference,
  type RemoteReference,
  type SourceReference,
  type WrittenReference,
  WrongReferenceError,
} from './source-reference.ts';
import { surroundingsOnDisk } from './surroundings-on-disk.ts';

export interface OpenOptions {
  /** `--root`: where names without a host or a path are looked up. */
  readonly root: string;
  /** Somebody wrote `--root`, so that names are below it (source-reference.ts). */
  readonly isRootGiven: boolean;
  /** `--plain-http`: also to a registry that is not on this machine. */
  readonly plainHttp: boolean;
  /** HOME and what `docker login` and `podman login` look at. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
  /** `--shared-blobs`: where the layouts of a path have their blobs; undefined: each has its own. */
  readonly sharedBlobs?: string | undefined;
  /** How layouts are understood. */
  readonly rules: LayoutRules;
  /** For what a layout has to tell. */
  readonly log: Log;
}

export interface OpenedSource {
  readonly source: ImageSource;
  /** Undefined when a whole registry, root or layout of several repositories was named. */
  readonly repository: RepositoryName | undefined;
  /** Undefined when no tag or digest was written. */
  readonly reference: Reference | undefined;
  readonly isLocal: boolean;
  readonly ownName: OwnName;
}

export interface OpenedImage extends OpenedSource {
  readonly repository: RepositoryName;
  readonly reference: Reference;
}

const helperTimeoutMs = 20_000;

/** REF, PATH or URL. Throws WrongReferenceError for what means nothing, SourceError and RegistryError for what is not there. */
export async function openSource(text: string, options: OpenOptions): Promise<OpenedSource> {
  const parsed = parseSourceReference(text, surroundingsOnDisk(options));
  const source = await openParsed(parsed, options);
  try {
    const ownName = ownNamesIn(source, parsed);
    const repository = parsed.kind === 'path' ? await repositoryIn(source, parsed, ownName) : parsed.name;
    const named = parsed.reference && (await referenceIn(source, repository, parsed.reference));
    return { source, repository, reference: undefined, ...named, isLocal: parsed.kind !== 'remote', ownName };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Of a short digest also the repository, where none was named and only one has such a digest. */
async function referenceIn(
  source: ImageSource,
  repository: RepositoryName | undefined,
  written: WrittenReference,
): Promise<{ readonly reference: Reference; readonly repository?: RepositoryName }> {
  if (written.kind !== 'short-digest') return { reference: written };
  if (repository !== undefined) return { reference: await resolveReference(source, repository, written) };
  const found: { readonly reference: Reference; readonly repository: RepositoryName }[] = [];
  for (const name of await source.repositories()) {
    const reference = await ifKnown(resolveReference(source, name, written));
    if (reference !== undefined) found.push({ reference, repository: name });
  }
  const [only] = found;
  if (only === undefined)
    throw new WrongReferenceError(`nothing in ${source.description} has a digest that begins with ${written.text}`);
  if (found.length === 1) return only;
  const names = shortList(found.map(({ repository: name }) => name));
  throw new WrongReferenceError(
    `several repositories have a digest that begins with ${written.text}; name one: ${names}`,
  );
}

/** REF: one image; without a tag `latest`, or the only one that there is. */
export async function openImage(text: string, options: OpenOptions): Promise<OpenedImage> {
  const opened = await openSource(text, options);
  const { source, reference } = opened;
  try {
    const repository = opened.repository ?? (opened.isLocal ? await onlyHolder(source, reference) : undefined);
    if (repository === undefined) throw new WrongReferenceError(`"${text}" names no image: ${await choices(source)}`);
    return { ...opened, repository, reference: reference ?? (await onlyReference(source, repository)) };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** What is meant where neither tag nor digest is written. Throws SourceError, with what there is to choose from. */
export async function onlyReference(
  source: ImageSource,
  repository: RepositoryName,
  otherwise = '',
): Promise<Reference> {
  const latest: Reference = { kind: 'tag', tag: parseTag('latest') };
  if (await holds(source, repository, latest)) return latest;
  const all = (await ifKnown(source.tags(repository))) ?? [];
  const tags = all.filter((tag) => cosignTagParts(tag) === undefined);
  const digests = tags.length > 0 ? [] : ((await ifKnown(source.untagged(repository))) ?? []);
  const [tag, digest] = [tags[0], digests[0]];
  if (tag !== undefined && tags.length === 1) return { kind: 'tag', tag };
  if (digest !== undefined && digests.length === 1) return { kind: 'digest', digest };
  // Whoever reads it says that it is not there.
  if (tag === undefined && digest === undefined) return latest;
  const [what, choices] = tags.length > 0 ? ['tags', tags] : ['digests', digests];
  throw new SourceError(
    `${source.description} has no tag "latest" of ${repository}; write one of its ${what}${otherwise}: ${shortList(choices)}`,
  );
}

async function openParsed(parsed: SourceReference, options: OpenOptions): Promise<ImageSource> {
  const { root } = options;
  if (parsed.kind === 'remote') {
    if (options.sharedBlobs !== undefined)
      throw new WrongReferenceError('--shared-blobs is for layouts, not for a registry');
    return openRemote(parsed.host, remoteOptions(parsed, options));
  }
  if (parsed.kind === 'path') return openPath(parsed.path, options);
  if (pathKindIfAny(root) === 'absent') {
    throw new SourceError(
      `"${parsed.name}" is looked for below ${root}, which does not exist; write HOST/${parsed.name} for a registry, ./${parsed.name} for a path, or another --root DIR`,
    );
  }
  return openLocalSource([], options);
}

/** How a registry is asked: by the flags, and with the logins of docker and podman. */
export function remoteOptions(
  { scheme }: Pick<RemoteReference, 'scheme'>,
  { plainHttp, environment, userAgent }: Pick<OpenOptions, 'plainHttp' | 'environment' | 'userAgent'>,
): RemoteOptions {
  return {
    scheme: scheme ?? (plainHttp ? 'http' : undefined),
    credentials: loginCredentials({ environment, helperTimeoutMs, readText: textAt }),
    transport: { ...defaultTransport, userAgent },
  };
}

function openPath(path: string, options: OpenOptions): Promise<ImageSource> {
  if (pathKindIfAny(path) === 'absent')
    throw new SourceError(`there is no layout, archive or directory of layouts at ${path}`);
  return openLocalSource([path], { ...options, root: undefined });
}

/** The one that is meant where a layout has one; by the end of its name where it has several, or by what its image is called. */
async function repositoryIn(
  source: ImageSource,
  { path, within, reference }: PathReference,
  ownName: OwnName,
): Promise<RepositoryName | undefined> {
  if (within === undefined && pathKindIfAny(path) === 'root') return undefined;
  const names = await source.repositories();
  if (within === undefined) return names.length === 1 ? names[0] : undefined;
  const named = names.find((name) => name === within);
  if (named !== undefined) return named;
  const found = names.filter((name) => name.endsWith(`/${within}`));
  if (found.length === 1) return found[0];
  const tag = reference?.kind === 'tag' ? reference.tag : undefined;
  for (const name of names) {
    const full = await ownName(name, tag);
    if (full !== undefined && (full === within || full.endsWith(`/${within}`))) return name;
  }
  throw new RegistryError('NAME_UNKNOWN', {
    message: `no repository "${within}" in ${path}; its repositories: ${shortList(names)}`,
  });
}

/** A layout of several repositories, and a tag that only one of them has: nothing else can be meant. */
async function onlyHolder(source: ImageSource, reference: Reference | undefined): Promise<RepositoryName | undefined> {
  if (reference === undefined) return undefined;
  const holders: RepositoryName[] = [];
  for (const name of await source.repositories()) {
    if (await holds(source, name, reference)) holders.push(name);
    if (holders.length > 1) return undefined;
  }
  return holders[0];
}

async function holds(source: ImageSource, name: RepositoryName, reference: Reference): Promise<boolean> {
  return (await ifKnown(source.manifest(name, reference))) !== undefined;
}

async function ifKnown<Result>(asked: Promise<Result>): Promise<Result | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

async function choices(source: ImageSource): Promise<string> {
  try {
    const names = await source.repositories();
    return `write ${source.description}/NAME:TAG; its repositories: ${shortList(names)}`;
  } catch (error) {
    if (error instanceof RegistryError) return `write ${source.description}/NAME:TAG`;
    throw error;
  }
}

const shown = 8;

/** Names to choose from, as far as a line holds them. */
export function shortList(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const more = names.length > shown ? ` and ${names.length - shown} more` : '';
  return `${names.slice(0, shown).join(', ')}${more}`;
}
