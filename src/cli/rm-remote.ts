// Removes what is in a registry elsewhere, by its own DELETE requests.
import { RegistryError } from '../oci/error-code.ts';
import type { Reference, RepositoryName } from '../oci/reference.ts';
import { openRemote, openRemoteTarget } from '../remote/open-remote.ts';
import type { RemoteRegistry } from '../remote/remote-registry.ts';
import { remoteOptions } from '../transfer/open-source.ts';
import { resolveReference } from '../transfer/short-digest.ts';
import type { RemoteReference } from '../transfer/source-reference.ts';
import { CommandError } from './failure.ts';
import type { RemovedItem, RmOptions } from './rm-options.ts';

/** Throws RegistryError and CommandError for what is not there, or is refused. */
export async function removeRemotely(
  parsed: RemoteReference,
  { open, dryRun }: RmOptions,
  tell: (removed: RemovedItem) => void,
): Promise<void> {
  const { host, name, reference: written } = parsed;
  if (name === undefined) throw new CommandError('no repository is named');
  const options = remoteOptions(parsed, open);
  const registry = openRemote(host, options);
  const target = openRemoteTarget(host, options, new AbortController().signal).repository(name);
  try {
    const references =
      written === undefined ? await tagged(registry, name) : [await resolveReference(registry, name, written)];
    for (const reference of references) {
      // Asked first: a registry may answer 202 for what is not there.
      const digest = reference.kind === 'digest' ? reference.digest : await target.digestOf(reference);
      if (digest === undefined) throw new RegistryError('MANIFEST_UNKNOWN');
      if (dryRun) await registry.manifest(name, reference);
      else await refusedAs405(target.deleteManifest(reference), host);
      const repository = target.description;
      tell(reference.kind === 'tag' ? { repository, tag: reference.tag, digest } : { repository, digest });
    }
  } finally {
    await registry.close();
  }
}

/** Manifests that a tag leads to: no endpoint lists others. */
async function tagged(registry: RemoteRegistry, name: RepositoryName): Promise<readonly Reference[]> {
  const digests = new Set<string>();
  const references: Reference[] = [];
  for (const tag of await registry.tags(name)) {
    const { digest } = await registry.manifest(name, { kind: 'tag', tag });
    if (digests.has(digest)) continue;
    digests.add(digest);
    references.push({ kind: 'digest', digest });
  }
  return references;
}

async function refusedAs405(deleted: Promise<void>, host: string): Promise<void> {
  try {
    await deleted;
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'UNSUPPORTED') throw error;
    throw new CommandError(`the registry ${host} takes no such deletes (${error.message})`, { cause: error });
  }
}
