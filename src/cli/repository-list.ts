// What `moorage serve` says about its repositories once it listens: each with a command to paste, and what is hidden in them.

import { missingContentOf } from '../inspection/missing-content.ts';
import { readOutline } from '../layout/manifests/manifest-thread.ts';
import type { OpenedMount } from '../mounts/opened-mount.ts';
import { cosignTagParts } from '../oci/cosign-tag.ts';
import { RegistryError } from '../oci/error-code.ts';
import { isContainerImage, parseManifest } from '../oci/manifest.ts';
import { printableText } from '../oci/printable-text.ts';
import type { Reference, RepositoryName, Tag } from '../oci/reference.ts';
import type { StoredManifest } from '../registry/manifests.ts';
import type { Registry } from '../registry/registry.ts';
import type { Repository } from '../registry/repository.ts';
import { unlessRefused } from '../registry/unless-refused.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { ClientAddress } from './client-address.ts';

const shownRepositories = 20;
const chartConfigType = 'application/vnd.cncf.helm.config.v1+json';
/** Of a repository without tags. */
const shownDigests = 3;
/** Larger manifests are parsed in a thread of their own: nobody waits for that here. */
const maxLookedIntoBytes = 256 * 1024;

/** Lines to print; empty for a registry that holds nothing yet. */
export async function repositoryLines(
  registry: Registry,
  address: ClientAddress,
  mounts: readonly OpenedMount[],
): Promise<readonly string[]> {
  const { items } = await registry.catalog({});
  if (items.length === 0) return [];
  const shown = items.slice(0, shownRepositories);
  // What is in an archive that seems empty is told below the list.
  const hiding = new Set(mounts.flatMap(({ name, problems = [] }) => (problems.length > 0 ? [name] : [])));
  const lines: string[] = [];
  for (const name of shown) lines.push(...(await pullLines(registry, name, address, hiding.has(name))));
  const rest = items.length - shown.length;
  const heading = `${items.length} ${items.length === 1 ? 'repository' : 'repositories'}`;
  const more = rest > 0 ? [`  ... and ${rest} more`] : [];
  return [`  ${heading}`, ...lines.map((line) => `    ${line}`), ...more.map((line) => `  ${line}`), ''];
}

async function pullLines(
  registry: Registry,
  name: RepositoryName,
  address: ClientAddress,
  mayHide: boolean,
): Promise<readonly string[]> {
  const image = `${address.authority}/${name}`;
  try {
    const repository = await registry.repository(name);
    const { items: tags } = await repository.tags.list({});
    const tag = tagToPull(tags);
    if (tag === undefined) return await digestLines(repository, image, address, mayHide);
    const others = tags.length - 1;
    const note = others === 0 ? '' : `    (and ${others} other ${others === 1 ? 'tag' : 'tags'})`;
    return [`${await pullCommand(repository, image, { kind: 'tag', tag }, address)}${note}`];
  } catch (error) {
    // One that cannot be served is no reason to be silent about the others.
    if (error instanceof RegistryError || error instanceof StorageError) {
      return [printableText(`${image}    cannot be served: ${error.message}`)];
    }
    throw error;
  }
}

/** What cosign keeps under tags is pulled by nobody who pastes a command, unless there is nothing else. */
function tagToPull(tags: readonly Tag[]): Tag | undefined {
  const latest = tags.find((tag) => tag === 'latest');
  return latest ?? tags.findLast((tag) => cosignTagParts(tag) === undefined) ?? tags.at(-1);
}

/** Images without a name: nothing but their digests leads to them. */
async function digestLines(
  repository: Repository,
  image: string,
  address: ClientAddress,
  mayHide: boolean,
): Promise<readonly string[]> {
  const { manifests } = repository;
  const digests = await manifests.untagged();
  if (digests.length === 0) {
    const empty = mayHide ? 'hidden: nothing in it can be served' : 'empty';
    return [`${image}    ${(await manifests.isEmpty()) ? empty : 'no tags: what it holds is found by digest only'}`];
  }
  const lines: string[] = [];
  for (const digest of digests.slice(0, shownDigests)) {
    lines.push(await pullCommand(repository, image, { kind: 'digest', digest }, address));
  }
  const rest = digests.length - lines.length;
  return rest === 0 ? lines : [...lines, `${image}    ${rest} more without a tag: moorage ls shows their digests`];
}

/** docker pulls images only, and helm charts; anything else is an artifact, and oras knows what to do with it. */
async function pullCommand(
  repository: Repository,
  image: string,
  reference: Reference,
  { scheme, orasFlag }: ClientAddress,
): Promise<string> {
  const stored = await repository.manifests.get(reference);
  const written = reference.kind === 'tag' ? `${image}:${reference.tag}` : `${image}@${reference.digest}`;
  const missing = await missingFrom(repository, stored);
  if (missing !== undefined) return `${written}    cannot be pulled: ${missing}`;
  const { facts } = await readOutline(stored.bytes, stored.digest, stored.mediaType);
  if (isContainerImage(facts.descriptor)) return `docker pull ${written}`;
  // helm has no plain HTTP by itself, and writes the + of a version as _ in its tag.
  if (facts.descriptor.artifactType === chartConfigType && reference.kind === 'tag')
    return `helm pull${scheme === 'https' ? '' : ' --plain-http'} oci://${image} --version ${reference.tag.replaceAll('_', '+')}`;
  return `oras pull${orasFlag} ${written}`;
}

async function missingFrom(
  { manifests, blobs }: Repository,
  { bytes, mediaType }: StoredManifest,
): Promise<string | undefined> {
  if (bytes.byteLength > maxLookedIntoBytes) return undefined;
  const missing = await missingContentOf(parseManifest(bytes, mediaType), {
    manifest: async (digest) => {
      const child = await unlessRefused(manifests.get({ kind: 'digest', digest }));
      if (child === undefined || child.bytes.byteLength > maxLookedIntoBytes) return undefined;
      return parseManifest(child.bytes, child.mediaType);
    },
    size: (digest) => blobs.glance(digest),
  });
  if (missing === undefined) return undefined;
  const { digest, otherSize } = missing;
  return `${digest} ${otherSize === undefined ? 'is not there' : 'has another size'}`;
}
