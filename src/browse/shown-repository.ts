// One repository as a whole: how much is in it, and what it takes on the disk.
import type { RepositoryName } from '../oci/reference.ts';
import type { Registry } from '../registry/registry.ts';
import { isoTimeOf } from './iso-time.ts';

export interface ShownRepository {
  readonly name: RepositoryName;
  readonly tags: number;
  /** Images that no tag leads to. */
  readonly untagged: number;
  readonly changedAt?: string | undefined;
  /** In words, why it takes no pushes; undefined where it does. */
  readonly readOnly?: string | undefined;
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
    disk: await state.diskUse(),
  };
}
