// What only the JSON of an index and of a config tells about an image: its platform, and when it was created.
import type { DescriptorReference } from '../oci/descriptor.ts';
import { algorithmOf, digestOf, isDigest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error-code.ts';
import { maxImageConfigBytes } from '../oci/manifest.ts';
import { isImageConfigType } from '../oci/media-type.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { ImageSource } from './image-source.ts';

/** The platforms that an index states, in the order of its manifests; `bytes` was parsed as an index before. */
export function platformsOf(bytes: Uint8Array): readonly (string | undefined)[] {
  const manifests = member(jsonOf(bytes), 'manifests');
  return Array.isArray(manifests) ? manifests.map((each) => platformOf(member(each, 'platform'))) : [];
}

export interface ConfigFacts {
  readonly platform: string | undefined;
  readonly created: string | undefined;
}

const unknownConfig: ConfigFacts = { platform: undefined, created: undefined };

/** Of the config of an image (image-spec, config.md); nothing when it is another one, missing, or not what its digest says. */
export async function configFacts(
  source: ImageSource,
  name: RepositoryName,
  config: DescriptorReference,
): Promise<ConfigFacts> {
  if (!isImageConfigType(config.mediaType) || !isDigest(config.digest) || config.size > maxImageConfigBytes)
    return unknownConfig;
  const bytes = await blobIfThere(source, name, config);
  if (bytes === undefined || digestOf(bytes, algorithmOf(config.digest)) !== config.digest) return unknownConfig;
  const json = jsonOf(bytes);
  return { platform: platformOf(json), created: textOf(member(json, 'created')) };
}

async function blobIfThere(source: ImageSource, name: RepositoryName, blob: DescriptorReference) {
  try {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of source.readBlob(name, blob, 0)) {
      length += chunk.byteLength;
      if (length > maxImageConfigBytes) return undefined;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'BLOB_UNKNOWN') return undefined;
    throw error;
  }
}

/** `os/architecture[/variant]`; BuildKit says unknown/unknown of what is no image. */
function platformOf(json: unknown): string | undefined {
  const [os, architecture, variant] = ['os', 'architecture', 'variant'].map((key) => textOf(member(json, key)));
  if (os === undefined || architecture === undefined || os === 'unknown') return undefined;
  return [os, architecture, variant].filter((part) => part !== undefined).join('/');
}

function member(json: unknown, key: string): unknown {
  if (typeof json !== 'object' || json === null || !Object.hasOwn(json, key)) return undefined;
  return (json as Readonly<Record<string, unknown>>)[key];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
