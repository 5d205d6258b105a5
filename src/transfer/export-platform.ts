// Platforms of the images in an index: which one an option names, and which one stands for all where only one can.
import { arch } from 'node:process';
import { type Digest, isDigest } from '../oci/digest.ts';
import { isImageIndexType, isImageManifestType } from '../oci/media-type.ts';
import type { SourceManifest } from './image-source.ts';

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

const architectures: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: 'ppc64le',
};

/** What an engine on this machine runs, and what it falls back on. */
export const hostPlatforms: readonly Platform[] = [
  { os: 'linux', architecture: architectures[arch] ?? arch },
  { os: 'linux', architecture: 'amd64' },
];

/** `os/architecture[/variant]`; undefined when it is none. */
export function parsePlatform(text: string): Platform | undefined {
  const [os, architecture, variant, ...more] = text.split('/');
  if (!os || !architecture || more.length > 0 || variant === '') return undefined;
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

interface PlatformChild {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly platform: Partial<Record<keyof Platform, unknown>>;
}

export type ManifestReading = (digest: Digest) => Promise<SourceManifest | undefined>;

/** The image of the first platform that the index has; with `orAny` any image of it otherwise. An image is its own answer. */
export async function imageForPlatform(
  found: SourceManifest,
  platforms: readonly Platform[],
  read: ManifestReading,
  { orAny }: { readonly orAny: boolean },
): Promise<SourceManifest | undefined> {
  if (!isImageIndexType(found.mediaType)) return found;
  const children = childrenOf(found.bytes);
  // An attestation's platform is `unknown/unknown`: never an image to run.
  const images = children.filter(({ platform }) => platform.os !== 'unknown');
  const wanted = platforms.flatMap((platform) => images.filter((child) => matches(child.platform, platform)));
  for (const { digest, mediaType } of orAny ? [...wanted, ...images] : wanted) {
    const child = await read(digest);
    const image = child && (await imageForPlatform({ ...child, mediaType }, platforms, read, { orAny }));
    if (image !== undefined) return image;
  }
  return undefined;
}

function matches(found: PlatformChild['platform'], wanted: Platform): boolean {
  if (found.os !== wanted.os || found.architecture !== wanted.architecture) return false;
  return wanted.variant === undefined || found.variant === wanted.variant;
}

function mayHoldImage(mediaType: string): boolean {
  return isImageManifestType(mediaType) || isImageIndexType(mediaType);
}

/** Only called for an index that was parsed before. */
function childrenOf(bytes: Uint8Array): readonly PlatformChild[] {
  const { manifests } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { manifests: readonly unknown[] };
  return manifests.flatMap((child) => {
    if (typeof child !== 'object' || child === null) return [];
    const { digest, mediaType, platform } = child as Record<string, unknown>;
    if (typeof digest !== 'string' || !isDigest(digest)) return [];
    if (typeof mediaType !== 'string' || !mayHoldImage(mediaType)) return [];
    return [{ digest, mediaType, platform: typeof platform === 'object' && platform !== null ? platform : {} }];
  });
}
