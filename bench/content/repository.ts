// A repository as a workload wants to find it: tags, each on a manifest of its own, and the blobs these name.

import { IMAGE_BLOBS, imageManifest } from './image.ts';

export interface Repository {
  readonly name: string;
  readonly manifestOf: ReadonlyMap<string, Buffer>;
  readonly blobs: readonly Buffer[];
}

export function tagName(serial: number): string {
  return `v${String(serial).padStart(6, '0')}`;
}

/** A repository with `tags` tags; the same name and count give the same bytes. */
export function taggedRepository(name: string, tags: number): Repository {
  const manifestOf = new Map<string, Buffer>();
  for (let serial = 0; serial < tags; serial++) {
    manifestOf.set(tagName(serial), imageManifest(`${name}:${tagName(serial)}`));
  }
  return { name, manifestOf, blobs: IMAGE_BLOBS };
}

/** At most `count` tags, evenly spread over all of the repository, so that no server can live on one cached answer. */
export function someTags(repository: Repository, count: number): string[] {
  const tags = [...repository.manifestOf.keys()];
  const step = Math.max(1, Math.floor(tags.length / count));
  return tags.filter((_, index) => index % step === 0).slice(0, count);
}
