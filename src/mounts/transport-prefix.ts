// The prefixes of skopeo, podman and buildah that say how a name is meant (containers-transports): `docker://HOST/NAME:TAG`, `oci:PATH:TAG`.
import type { PathKind } from './path-kind.ts';

export interface Transported {
  readonly kind: 'registry' | 'path';
  /** What follows; of a registry with its host. */
  readonly rest: string;
}

const paths = /^(oci|oci-archive|docker-archive|dir):(.+)$/s;
const elsewhere = /^(?:docker-daemon|containers-storage|ostree):/;
const aTag = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Undefined for a text without such a prefix: `oci:v1` is a repository and a tag unless there is a path v1. */
export function transportOf(text: string, lookAt: (path: string) => PathKind | 'absent'): Transported | undefined {
  const [, image] = /^docker:\/\/(.+)$/s.exec(text) ?? [];
  if (image !== undefined) return { kind: 'registry', rest: onRegistry(image) };
  const [, , rest] = paths.exec(text) ?? [];
  if (rest === undefined || lookAt(text) !== 'absent') return undefined;
  if (aTag.test(rest) && !rest.includes('.tar') && lookAt(rest) === 'absent') return undefined;
  return { kind: 'path', rest };
}

/** What stands for something that an engine keeps, which only the engine reads. */
export function isOfEngine(text: string): boolean {
  return elsewhere.test(text);
}

/** As docker reads a name (Docker's reference grammar): without a registry it is one of Docker Hub. */
function onRegistry(image: string): string {
  const slash = image.indexOf('/');
  const first = slash < 0 ? '' : image.slice(0, slash);
  return first === 'localhost' || /[.:A-Z]/.test(first) ? image : `docker.io/${image}`;
}
