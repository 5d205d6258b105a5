// What `moorage serve` says about its repositories once it listens: each with a command to paste, and what is hidden in them.
import { hostInUrl, isLoopback } from '../config/listen-address.ts';
import { readOutline } from '../layout/manifests/manifest-thread.ts';
import { RegistryError } from '../oci/error-code.ts';
import { isContainerImage } from '../oci/manifest.ts';
import { printableText } from '../oci/printable-text.ts';
import type { RepositoryName, Tag } from '../oci/reference.ts';
import type { Registry } from '../registry/registry.ts';
import { StorageError } from '../storage/storage-error.ts';

const shownRepositories = 20;

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
  for (const name of shown) lines.push(await pullLine(registry, name, address));
  const rest = items.length - shown.length;
  const heading = `${items.length} ${items.length === 1 ? 'repository' : 'repositories'}`;
  const more = rest > 0 ? [`  ... and ${rest} more`] : [];
  return [`  ${heading}`, ...lines.map((line) => `    ${line}`), ...more.map((line) => `  ${line}`), ''];
}

async function pullLine(registry: Registry, name: RepositoryName, { host, port }: ListedAt): Promise<string> {
  const shownHost = isLoopback(host) || host === '0.0.0.0' || host === '::' ? 'localhost' : hostInUrl(host);
  const image = `${shownHost}:${port}/${name}`;
  try {
    const repository = await registry.repository(name);
    const { items: tags } = await repository.tags.list({});
    const tag = tags.find((each) => each === 'latest') ?? tags.at(-1);
    if (tag === undefined) {
      const isEmpty = await repository.manifests.isEmpty();
      return `${image}    ${isEmpty ? 'empty' : 'no tags: what it holds is found by digest only'}`;
    }
    const { digest, mediaType, bytes } = await repository.manifests.get({ kind: 'tag', tag });
    const others = tags.length - 1;
    const note = others === 0 ? '' : `    (and ${others} other ${others === 1 ? 'tag' : 'tags'})`;
    const { facts } = await readOutline(bytes, digest, mediaType);
    const isImage = isContainerImage(facts.descriptor);
    return `${pullCommand(image, tag, isImage, shownHost)}${note}`;
  } catch (error) {
    // One that cannot be served is no reason to be silent about the others.
    if (error instanceof RegistryError || error instanceof StorageError) {
      return printableText(`${image}    cannot be served: ${error.message}`);
    }
    throw error;
  }
}

/** docker pulls images only; anything else is an artifact, and oras knows what to do with it. */
function pullCommand(image: string, tag: Tag, isImage: boolean, host: string): string {
  if (isImage) return `docker pull ${image}:${tag}`;
  return `oras pull${host === 'localhost' ? '' : ' --plain-http'} ${image}:${tag}`;
}
