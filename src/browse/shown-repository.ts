// One repository as a whole: how much is in it, what it takes on the disk, and which tools wrote it.
import { type Dialect, dialectsOf } from '../inspection/findings/dialects.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Registry } from '../registry/registry.ts';
import type { RepositoryState } from '../registry/repository-state.ts';
import { isoTimeOf } from './iso-time.ts';

/** In bytes. Whoever may not see all repositories is not told what others have as well: it would tell what is in those. */
export interface ShownUse {
  readonly bytes: number;
  /** Free once it is gone. */
  readonly alone?: number | undefined;
  /** What other repositories have as well. */
  readonly shared?: number | undefined;
  readonly blobs: number;
}

export interface ShownRepository {
  readonly name: RepositoryName;
  readonly tags: number;
  /** Images that no tag leads to. */
  readonly untagged: number;
  /** In words, why it takes no pushes; undefined where it does. */
  readonly readOnly?: string | undefined;
  readonly changedAt?: string | undefined;
  /** Tools that left traces in its directory, ours aside. */
  readonly writtenBy?: readonly Dialect[] | undefined;
  readonly disk?: ShownUse | undefined;
}

/** A hint, which `moorage inspect` goes to the end of. */
const mostEntries = 1_000;

/**
 * `seesAll`: whoever asks may see every repository. Others are told nothing of a directory as a whole that holds more than this repository.
 * Throws NAME_UNKNOWN.
 */
export async function showRepository(
  registry: Registry,
  name: RepositoryName,
  seesAll: boolean,
): Promise<ShownRepository> {
  const { tags, manifests, state } = await registry.repository(name);
  const { items } = await tags.list({});
  const untagged = (await manifests.untagged()).length;
  const shown = { name, tags: items.length, untagged, readOnly: registry.whyReadOnly(name) };
  if (!seesAll && (await state.isAmongOthers())) return shown;
  return {
    ...shown,
    changedAt: isoTimeOf(await state.changedAtMs()),
    writtenBy: await writtenBy(state),
    disk: useShown(await state.diskUse(), seesAll),
  };
}

export function useShown(
  { alone, shared, blobs }: { readonly alone: number; readonly shared: number; readonly blobs: number },
  seesAll: boolean,
): ShownUse {
  return { bytes: alone + shared, blobs, ...(seesAll ? { alone, shared } : {}) };
}

async function writtenBy(state: RepositoryState): Promise<readonly Dialect[]> {
  const traces = await state.traces();
  if (traces === undefined) return [];
  const { index, fileNames } = traces;
  return dialectsOf(index, fileNames, index.entries.slice(0, mostEntries));
}
