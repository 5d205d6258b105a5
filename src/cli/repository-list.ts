// What `moorage serve` says about its repositories once it listens: each with a command to paste, and what is hidden in them.
import { hostInUrl, isLoopback } from '../config/listen-address.ts';
import { readOutline } from '../layout/manifests/manifest-thread.ts';
import { RegistryError } from '../oci/error-code.ts';
import { isContainerImage } from '../oci/manifest.ts';
import { printableText } from '../oci/printable-text.ts';
import type { Reference, RepositoryName } from '../oci/reference.ts';
import type { Manifests } from '../registry/manifests.ts';
import type { Registry } from '../registry/registry.ts';
import { StorageError } from '../storage/storage-error.ts';

const shownRepositories = 20;
/** Of a repository without tags. */
const shownDigests = 3;

export interface ListedAt {
  /** As configured. */
  readonly host: string;
  readonly port: number;
}

/** Lines to print; empty for a registry that holds nothing yet. */
export async function repositoryLines(registry: Registry, address: ListedAt): Promise<readonly string[]> {
  const { items } = await registry.catalog({});
  if (items.length === 0) return [];
  const shown = items.slice(0, shownRepositories);
  const lines: string[] = [];
  for (const name of shown) lines.push(...(await pullLines(registry, name, address)));
  const rest = items.length - shown.length;
  const heading = `${items.length} ${items.length === 1 ? 'repository' : 'repositories'}`;
  const more = rest > 0 ? [`  ... and ${rest} more`] : [];
  return [`  ${heading}`, ...lines.map((line) => `    ${line}`), ...more.map((line) => `  ${line}`), ''];
}

async function pullLines(
  registry: Registry,
  name: RepositoryName,
  { host, port }: ListedAt,
): Promise<readonly string[]> {
  const shownHost = isLoopback(host) || host === '0.0.0.0' || host === '::' ? 'localhost' : hostInUrl(host);
  const image = `${shownHost}:${port}/${name}`;
  try {
    const repository = await registry.repository(name);
    const { items: tags } = await repository.tags.list({});
    const tag = tags.find((each) => each === 'latest') ?? tags.at(-1);
    if (tag === undefined) return await digestLines(repository.manifests, image, shownHost);
    const others = tags.length - 1;
    const note = others === 0 ? '' : `    (and ${others} other ${others === 1 ? 'tag' : 'tags'})`;
    return [`${await pullCommand(repository.manifests, image, { kind: 'tag', tag }, shownHost)}${note}`];
  } catch (error) {
    // One that cannot be served is no reason to be silent about the others.
    if (error instanceof RegistryError || error instanceof StorageError) {
      return [printableText(`${image}    cannot be served: ${error.message}`)];
    }
    throw error;
  }
}

/** Images without a name: nothing but their digests leads to them. */
async function digestLines(manifests: Manifests, image: string, host: string): Promise<readonly string[]> {
  const digests = await manifests.untagged();
  if (digests.length === 0) {
    return [`${image}    ${(await manifests.isEmpty()) ? 'empty' : 'no tags: what it holds is found by digest only'}`];
  }
  const lines: string[] = [];
  for (const digest of digests.slice(0, shownDigests)) {
    lines.push(await pullCommand(manifests, image, { kind: 'digest', digest }, host));
  }
  const rest = digests.length - lines.length;
  return rest === 0 ? lines : [...lines, `${image}    ${rest} more without a tag: moorage ls shows their digests`];
}

/** docker pulls images only; anything else is an artifact, and oras knows what to do with it. */
async function pullCommand(manifests: Manifests, image: string, reference: Reference, host: string): Promise<string> {
  const { digest, mediaType, bytes } = await manifests.get(reference);
  const { facts } = await readOutline(bytes, digest, mediaType);
  const written = reference.kind === 'tag' ? `${image}:${reference.tag}` : `${image}@${reference.digest}`;
  if (isContainerImage(facts.descriptor)) return `docker pull ${written}`;
  return `oras pull${host === 'localhost' ? '' : ' --plain-http'} ${written}`;
}
