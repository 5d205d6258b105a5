// manifest.json of `docker save`: what engines read that know no index.json, with the blobs where the layout has them.
import { algorithmOf, type Digest, encodedOf } from '../oci/digest.ts';
import { CopyError } from './copy-error.ts';
import type { ExportedImage } from './export-content.ts';

interface ManifestElement {
  readonly Config: string;
  readonly RepoTags: readonly string[] | null;
  readonly Layers: readonly string[];
}

export function blobPath(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${encodedOf(digest)}`;
}

/** One element for each image, with all its names; of an index the image for this machine stands for it, as containerd does it. */
export function dockerImages(images: readonly ExportedImage[]): readonly ManifestElement[] {
  const byContent = new Map<string, ManifestElement>();
  for (const { engineImage, fullName, tag } of images) {
    if (engineImage === undefined) continue;
    const [Config, Layers] = [blobPath(engineImage.config), engineImage.layers.map(blobPath)];
    const key = [Config, ...Layers].join(' ');
    const names = byContent.get(key)?.RepoTags ?? [];
    // docker writes `app:v1` for docker.io/library/app:v1 and reads both; podman makes localhost/app:v1 of the short one.
    const name = tag === undefined ? [] : [`${fullName}:${tag}`];
    const all = [...new Set([...names, ...name])];
    byContent.set(key, { Config, RepoTags: all.length === 0 ? null : all, Layers });
  }
  return [...byContent.values()];
}

/** `existing` with our images: their names taken from the images that had them, everything else kept. Throws CopyError. */
export function mergedDockerManifest(existing: Uint8Array | undefined, images: readonly ManifestElement[]): Buffer {
  const names = new Set(images.flatMap(({ RepoTags }) => RepoTags ?? []));
  const kept: unknown[] = [];
  for (const image of existing === undefined ? [] : parsed(existing)) {
    const tags = typeof image === 'object' && image !== null && 'RepoTags' in image ? image.RepoTags : undefined;
    if (!Array.isArray(tags) || !tags.some((tag) => names.has(tag))) kept.push(image);
    else if (tags.some((tag) => !names.has(tag)))
      kept.push({ ...(image as object), RepoTags: tags.filter((tag) => !names.has(tag)) });
  }
  const known = new Set(kept.map((image) => JSON.stringify(image)));
  return Buffer.from(JSON.stringify([...kept, ...images.filter((image) => !known.has(JSON.stringify(image)))]));
}

function parsed(bytes: Uint8Array): readonly unknown[] {
  try {
    const json: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (Array.isArray(json)) return json;
  } catch (cause) {
    throw new CopyError('the manifest.json that is there is not JSON; remove it, or export elsewhere', { cause });
  }
  throw new CopyError('the manifest.json that is there is not a list of images; remove it, or export elsewhere');
}
