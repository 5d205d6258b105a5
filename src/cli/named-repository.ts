// Opens the repository on this machine that a REF names, for commands that look at its past or change it: with the journal, the pool and the
// locks of the registry that it lies in.
import { parseRepositoryName, type Reference, type RepositoryName } from '../oci/reference.ts';
import type { Registry } from '../registry/registry.ts';
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
  readonly name: RepositoryName;
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
    const source = new RegistrySource(registry, place.root);
    const reference = parsed.reference && (await resolveReference(source, name, parsed.reference));
    return { registry, name, shown: parsed.kind === 'root' ? name : shownPath(parsed), reference };
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
  const what = within === undefined ? `${path} has no repository of its own` : `no repository "${within}" in ${path}`;
  throw new CommandError(`${what}; write one of its repositories after it, as in ${path}/NAME: ${shortList(names)}`);
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('/');
}

function shownPath({ path, within }: PathReference): string {
  return within === undefined ? path : `${path}/${within}`;
}
