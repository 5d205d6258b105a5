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

/** A repository with `tags` tags on as many manifests, or on fewer; the same name and counts give the same bytes. */
export function taggedRepository(name: string, tags: number, manifests = tags): Repository {
  const bodies = Array.from({ length: manifests }, (_, serial) => imageManifest(`${name}:${tagName(serial)}`));
  const manifestOf = new Map<string, Buffer>();
  for (let serial = 0; serial < tags; serial++) {
    const body = bodies[serial % manifests];
    if (body !== undefined) manifestOf.set(tagName(serial), body);
  }
  return { name, manifestOf, blobs: IMAGE_BLOBS };
}

/** At most `count` tags, evenly spread over all of the repository, so that no server can live on one cached answer. */
export function someTags(repository: Repository, count: number): string[] {
  const tags = [...repository.manifestOf.keys()];
  const step = Math.max(1, Math.floor(tags.length / count));
  return tags.filter((_, index) => index % step === 0).slice(0, count);
}
