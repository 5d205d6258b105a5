// Opens the repository on this machine that a REF names, for commands that look at its past or change it: with the journal, the pool and the
// locks of the registry that it lies in.
import { RegistryError } from '../oci/error-code.ts';
import { isRepositoryName, parseRepositoryName, type Reference, type RepositoryName } from '../oci/reference.ts';
import { goneRepository } from '../registry/gone-repositories.ts';
import type { Registry } from '../registry/registry.ts';
import type { Repository, WritableRepository } from '../registry/repository.ts';
import { shortList } from '../transfer/open-source.ts';
import { RegistrySource } from '../transfer/registry-source.ts';
import { resolveReference } from '../transfer/short-digest.ts';
import type { PathReference, RootReference } from '../transfer/source-reference.ts';
import { type CommandRegistryOptions, isWithin, openPlace } from './command-registry.ts';
import { CommandError } from './failure.ts';
import type { JournalPlace } from './journal-place.ts';
import { placeOf } from './meant-place.ts';

export interface NamedRepository {
  /** Whoever got it closes it. */
  readonly registry: Registry;
  readonly repository: Repository;
  /** The same where it may be changed. Throws DENIED where it may not. */
  readonly writable: () => Promise<WritableRepository>;
  /** For messages: as a person would write it again. */
  readonly shown: string;
  /** Undefined where neither a tag nor a digest was written. */
  readonly reference: Reference | undefined;
}

/** A short digest must be that of a manifest which is there. Throws CommandError, SourceError, and RegistryError for what is not there. */
export async function openNamedRepository(
  parsed: PathReference | RootReference,
  options: CommandRegistryOptions,
): Promise<NamedRepository> {
  const place = placeOf(parsed, options.root);
  const { registry } = await openPlace(place, options);
  try {
    const name = parsed.kind === 'root' ? parsed.name : await repositoryIn(registry, parsed, place);
    const repository = await thereOrGone(registry, name);
    const source = new RegistrySource(registry, place.root);
    const reference = parsed.reference && (await resolveReference(source, name, parsed.reference));
    const writable = async () => ('uploads' in repository ? repository : registry.writable(name));
    return { registry, repository, writable, shown: parsed.kind === 'root' ? name : shownPath(parsed), reference };
  } catch (error) {
    await registry.close();
    throw error;
  }
}

/** The one that is there, or the one that is named where there are several. */
async function repositoryIn(
  registry: Registry,
  { path, within }: PathReference,
  place: JournalPlace,
): Promise<RepositoryName> {
  const meantAt = joined(place.within, within ?? '');
  const found: { readonly name: RepositoryName; readonly below: string }[] = [];
  for await (const { name, layout, prefix } of registry.layouts()) {
    if (!isWithin(prefix, place.within)) continue;
    for (const below of (await layout.repositories()) ?? []) {
      const full = parseRepositoryName(joined(name, below));
      if (joined(prefix, below) === meantAt) return full;
      found.push({ name: full, below });
    }
  }
  // Of names in one layout the end is enough. Not of directories: where b is not there a/b is not what somebody wants removed.
  const isMeant = ({ name, below }: (typeof found)[number]) =>
    within === undefined || name === within || (below !== '' && `/${below}`.endsWith(`/${within}`));
  const meant = found.filter(isMeant);
  const names = found.map(({ name }) => name);
  const [only] = meant;
  if (only !== undefined && meant.length === 1) return only.name;
  const gone = within === undefined ? undefined : await goneBelow(registry, names, within);
  if (gone !== undefined) return gone;
  const what = within === undefined ? `${path} has no repository of its own` : `no repository "${within}" in ${path}`;
  throw new CommandError(`${what}; write one of its repositories after it, as in ${path}/NAME: ${shortList(names)}`);
}

/** Of a file with full names, one whose last tag is gone: it can be gone back to. */
async function thereOrGone(registry: Registry, name: RepositoryName): Promise<Repository | WritableRepository> {
  const repository = await registry.repository(name);
  const { moves } = await repository.history.of();
  if (moves.length > 0 || (await isThere(repository))) return repository;
  return (await goneRepository(registry, name)) ?? repository;
}

async function isThere({ tags }: Repository): Promise<boolean> {
  try {
    await tags.list({ limit: 0 });
    return true;
  } catch (error) {
    if (error instanceof RegistryError) return false;
    throw error;
  }
}

/** By its whole name, or below one of the layouts that are there. */
async function goneBelow(
  registry: Registry,
  layouts: readonly RepositoryName[],
  within: string,
): Promise<RepositoryName | undefined> {
  for (const name of [within, ...layouts.map((layout) => `${layout}/${within}`)])
    if (isRepositoryName(name) && (await goneRepository(registry, name)) !== undefined) return name;
  return undefined;
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('/');
}

function shownPath({ path, within }: PathReference): string {
  return within === undefined ? path : `${path}/${within}`;
}
