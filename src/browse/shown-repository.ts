// One repository as a whole: how much is in it, and what it takes on the disk.
import { type Dialect, dialectsOf } from '../inspection/findings/dialects.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Registry } from '../registry/registry.ts';
import type { RepositoryState } from '../registry/repository-state.ts';
import { isoTimeOf } from './iso-time.ts';

export interface ShownRepository {
  readonly name: RepositoryName;
  readonly tags: number;
  /** Images that no tag leads to. */
  readonly untagged: number;
  readonly changedAt?: string | undefined;
  /** In words, why it takes no pushes; undefined where it does. */
  readonly readOnly?: string | undefined;
  /** Tools that left traces in its directory, ours aside. */
  readonly writtenBy: readonly Dialect[];
  /** In bytes: free once it is gone, and what other repositories have as well. */
  readonly disk: { readonly alone: number; readonly shared: number; readonly blobs: number };
}

/** Throws NAME_UNKNOWN. */
export async function showRepository(registry: Registry, name: RepositoryName): Promise<ShownRepository> {
  const { tags, manifests, state } = await registry.repository(name);
  const { items } = await tags.list({});
  return {
    name,
    tags: items.length,
    untagged: (await manifests.untagged()).length,
    changedAt: isoTimeOf(await state.changedAtMs()),
    readOnly: registry.whyReadOnly(name),
    writtenBy: await writtenBy(state),
    disk: await state.diskUse(),
  };
}

/** A hint, which `moorage inspect` goes to the end of. */
const mostEntries = 1_000;

async function writtenBy(state: RepositoryState): Promise<readonly Dialect[]> {
  const traces = await state.traces();
  if (traces === undefined) return [];
  const { index, fileNames } = traces;
  return dialectsOf(index, fileNames, index.entries.slice(0, mostEntries));
}
