// The inspection of a registry over HTTP: its repositories one after the other, as far as tags, manifests and referrers show them.

import { RegistryError } from '../oci/error-code.ts';
import type { Reference, RepositoryName } from '../oci/reference.ts';
import { openRemoteProbe } from '../remote/open-remote.ts';
import { type OpenOptions, remoteOptions } from '../transfer/open-source.ts';
import { unwatched } from '../transfer/progress.ts';
import { resolveReference } from '../transfer/short-digest.ts';
import { SourceError } from '../transfer/source-error.ts';
import type { RemoteReference } from '../transfer/source-reference.ts';
import { FindingList } from './findings/finding-list.ts';
import type { InspectDepth, InspectedPart, Inspection } from './inspection.ts';
import { type InspectedRegistry, RepositoryWalk } from './repository-walk.ts';

/** Throws RemoteError and RegistryError where the registry, or the one repository that was named, cannot be reached. */
export async function inspectRemote(parsed: RemoteReference, options: OpenOptions & InspectDepth): Promise<Inspection> {
  const { registry, probe } = openRemoteProbe(parsed.host, remoteOptions(parsed, options));
  try {
    const source = registry.description;
    const opened: InspectedRegistry = {
      source: registry,
      probe,
      verify: options.verify,
      progress: options.progress ?? unwatched,
    };
    if (parsed.name !== undefined) {
      const reference = parsed.reference && (await resolveReference(registry, parsed.name, parsed.reference));
      return { source, parts: [await inspected(opened, parsed.name, reference)] };
    }
    const parts: InspectedPart[] = [];
    for (const name of await namesOf(opened)) parts.push(await inspectedOrNot(opened, name));
    return { source, parts };
  } finally {
    await registry.close();
  }
}

async function namesOf({ source }: InspectedRegistry): Promise<readonly RepositoryName[]> {
  try {
    return await source.repositories();
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'UNSUPPORTED') throw error;
    throw new SourceError(`${source.description} has no catalog of its repositories; name one: HOST/NAME`);
  }
}

async function inspected(
  opened: InspectedRegistry,
  name: RepositoryName,
  reference: Reference | undefined,
): Promise<InspectedPart> {
  const findings = new FindingList();
  const entries = await new RepositoryWalk(opened, name, findings).walk(reference);
  const where = `${opened.source.description}/${name}`;
  return { kind: 'repository', name, where, entries, dialects: [], findings: findings.groups() };
}

/** Catalogs list repositories that are empty, or that not everybody may read. */
async function inspectedOrNot(opened: InspectedRegistry, name: RepositoryName): Promise<InspectedPart> {
  try {
    return await inspected(opened, name, undefined);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    const findings = new FindingList();
    findings.add('cannot-be-read', { name, detail: error.message });
    const where = `${opened.source.description}/${name}`;
    return { kind: 'repository', name, where, entries: undefined, dialects: [], findings: findings.groups() };
  }
}
