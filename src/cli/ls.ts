// Lists repositories, their tags, and what each of them is.

import { pathKindIfAny } from '../mounts/path-kind.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import { printableText } from '../oci/printable-text.ts';
import type { Reference, RepositoryName, Tag } from '../oci/reference.ts';
import { forEachConcurrently } from '../transfer/copy-concurrently.ts';
import type { ImageSource } from '../transfer/image-source.ts';
import { summarizeDigests, summarizeTags } from '../transfer/image-summary.ts';
import { openLocalSource } from '../transfer/local-source.ts';
import { type OpenedSource, type OpenOptions, openSource } from '../transfer/open-source.ts';
import { SourceError } from '../transfer/source-error.ts';
import { exitCodes } from './failure.ts';
import { type ListedRepository, lsJson, lsNames, lsTable } from './ls-output.ts';
import { orWhatIsThere } from './not-found.ts';
import { terminalColumns } from './output-text.ts';

export interface LsOutput extends OpenOptions {
  readonly json: boolean;
  /** Names and tags only. */
  readonly quiet: boolean;
  /** Short digests. */
  readonly truncated: boolean;
}

/** A registry far away takes its time over each. */
const repositoriesAtATime = 8;

/** Returns the exit code. Throws what failureOf explains when there is nothing to list from. */
export async function ls(where: string | undefined, { json, quiet, truncated, ...options }: LsOutput): Promise<number> {
  const opened = where === undefined ? await openRoot(options) : await openSource(where, options);
  const { source } = opened;
  try {
    const names = await namesOf(opened);
    const found = new Map<RepositoryName, ListedRepository>();
    await forEachConcurrently(names, repositoriesAtATime, undefined, async (name) => {
      found.set(name, await listed(opened, name, quiet));
    });
    const repositories = names.flatMap((name) => found.get(name) ?? []);
    const shown = { source: source.description, repositories };
    process.stdout.write(
      json ? lsJson(shown) : quiet ? lsNames(shown) : lsTable(shown, truncated, terminalColumns(process.stdout)),
    );
    if (repositories.length === 0)
      process.stderr.write(`moorage: ${printableText(source.description)} has no repositories\n`);
    for (const { name, problem } of repositories) {
      if (problem !== undefined) process.stderr.write(`warning: ${name}: ${printableText(problem)}\n`);
    }
    return repositories.some(({ failed }) => failed) ? exitCodes.failure : 0;
  } finally {
    await source.close();
  }
}

type ListedSource = Omit<OpenedSource, 'ownName'>;

async function openRoot(options: OpenOptions): Promise<ListedSource> {
  const { root } = options;
  if (pathKindIfAny(root) === 'absent') {
    throw new SourceError(
      `there is no ${root} here; name what to list: moorage ls PATH, moorage ls HOST:PORT, or --root DIR`,
    );
  }
  return {
    source: await openLocalSource([], options),
    repository: undefined,
    reference: undefined,
    isLocal: true,
  };
}

async function namesOf({ source, repository }: ListedSource): Promise<readonly RepositoryName[]> {
  if (repository !== undefined) return [repository];
  try {
    return await source.repositories();
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'UNSUPPORTED') throw error;
    throw new SourceError(`${source.description} has no catalog of its repositories; name one: HOST/NAME`);
  }
}

async function listed(opened: ListedSource, name: RepositoryName, quiet: boolean): Promise<ListedRepository> {
  const { source, reference, repository } = opened;
  try {
    const asked = askedFor(source, name, reference);
    const { tags, digests } = await (repository === undefined ? asked : orWhatIsThere(source, name, reference, asked));
    return { name, ...(await shown(source, name, tags, digests, quiet)), problem: undefined, failed: false };
  } catch (error) {
    // Registries list repositories that are empty, or that not everybody may read.
    if (repository !== undefined || !(error instanceof RegistryError)) throw error;
    const nothing = { name, tags: [], untagged: [] };
    if (error.code === 'NAME_UNKNOWN') return { ...nothing, problem: undefined, failed: false };
    const isRefusal = error.code === 'DENIED' || error.code === 'UNAUTHORIZED';
    return { ...nothing, problem: error.message, failed: !isRefusal };
  }
}

interface Asked {
  readonly tags: readonly Tag[];
  readonly digests: readonly Digest[];
}

/** All tags, with what none of them leads to, or the one image that the reference names. */
async function askedFor(source: ImageSource, name: RepositoryName, reference: Reference | undefined): Promise<Asked> {
  if (reference === undefined) return { tags: await source.tags(name), digests: await source.untagged(name) };
  const { digest } = await source.manifest(name, reference);
  return reference.kind === 'tag' ? { tags: [reference.tag], digests: [] } : { tags: [], digests: [digest] };
}

async function shown(
  source: ImageSource,
  name: RepositoryName,
  tags: readonly Tag[],
  digests: readonly Digest[],
  quiet: boolean,
): Promise<Pick<ListedRepository, 'tags' | 'untagged'>> {
  if (quiet) return { tags: tags.map((tag) => ({ tag })), untagged: digests.map((digest) => ({ digest })) };
  return {
    tags: await summarizeTags(source, name, tags),
    untagged: await summarizeDigests(source, name, digests),
  };
}
