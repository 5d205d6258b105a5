// Removes what lies on this machine: in the transactions of pushes and deletes, so that a server may run meanwhile.
import { RegistryError } from '../oci/error-code.ts';
import type { Reference } from '../oci/reference.ts';
import type { RemovalPlan } from '../registry/removals.ts';
import type { Repository, WritableRepository } from '../registry/repository.ts';
import { forEachConcurrently } from '../transfer/copy-concurrently.ts';
import type { PathReference, RootReference } from '../transfer/source-reference.ts';
import { CommandError } from './failure.ts';
import { openNamedRepository } from './named-repository.ts';
import type { RemovedItem, RmOptions } from './rm-options.ts';

/** So many that one replacement of index.json carries them together. */
const atOnce = 64;

/** Throws RegistryError, CommandError and SourceError for what is not there, or may not be removed. */
export async function removeLocally(
  parsed: PathReference | RootReference,
  { dryRun, settings, open: { root, environment } }: RmOptions,
  tell: (removed: RemovedItem) => void,
): Promise<void> {
  const opened = await openNamedRepository(parsed, { root, environment, settings, readOnly: dryRun });
  const { registry, repository, shown, reference } = opened;
  try {
    const removals =
      reference === undefined ? await repository.removals.all() : [await repository.removals.of(reference)];
    if (dryRun) {
      for (const each of removals) tell(removedOf(shown, each));
      return;
    }
    const writable = await opened.writable();
    await forEachConcurrently(removals, atOnce, undefined, async (each) => {
      if (await isRemoved(writable, each, reference === undefined)) tell(removedOf(shown, each));
    });
    if (reference === undefined) await tellOfRest(repository);
  } finally {
    await registry.close();
  }
}

/** False where all of a repository goes and this is gone already: with another one, or by somebody else. */
async function isRemoved(
  { manifests }: WritableRepository,
  removal: RemovalPlan,
  isOneOfAll: boolean,
): Promise<boolean> {
  const reference: Reference =
    removal.kind === 'tag' ? { kind: 'tag', tag: removal.tag } : { kind: 'digest', digest: removal.digest };
  try {
    await manifests.delete(reference);
    return true;
  } catch (error) {
    if (isOneOfAll && error instanceof RegistryError && error.code === 'MANIFEST_UNKNOWN') return false;
    throw error;
  }
}

/** Pushed meanwhile, or of a type that nobody here understands: not ours to throw away. */
async function tellOfRest({ removals }: Repository): Promise<void> {
  const left = await removals.left();
  if (left === 0) return;
  const what = left === 1 ? '1 entry of its index.json stays' : `${left} entries of its index.json stay`;
  throw new CommandError(`${what}: not understood, or pushed meanwhile`);
}

function removedOf(repository: string, removal: RemovalPlan): RemovedItem {
  const { digest } = removal;
  return removal.kind === 'tag' ? { repository, tag: removal.tag, digest } : { repository, digest, tags: removal.tags };
}
