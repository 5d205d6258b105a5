// The only file that spells the names of an image layout (image-spec, image-layout.md) and of our own files beside it.
//
//   <prefix>/oci-layout  index.json  blobs/<algorithm>/<encoded>     one repository = one layout
//   .moorage/pool/<algorithm>/<encoded>                              one link per distinct blob of the root
//   .moorage/journal/<prefix>/.journal                               what we acknowledged, to tell a foreign delete from a lost update
//
// `.moorage/uploads` and `.moorage/staging` belong to the storage driver.
import { algorithmOf, type Digest, encodedOf } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Key } from '../storage/object-store.ts';

/** Where a layout lies below the root of its store: a repository name, or '' when the root itself is the layout. */
export type LayoutPrefix = RepositoryName | '';

export interface LayoutKeys {
  readonly ociLayout: Key;
  readonly index: Key;
  readonly journal: Key;
  /** Lock files of BuildKit, linuxkit and podman: we wait for them and never make them. */
  readonly foreignLocks: readonly Key[];
  readonly blob: (digest: Digest) => Key;
}

/** The bytes of every `oci-layout` we write; readers refuse any other version. */
export const ociLayoutBytes = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

export function layoutKeys(prefix: LayoutPrefix): LayoutKeys {
  const base = prefix === '' ? '' : `${prefix}/`;
  return {
    ociLayout: `${base}oci-layout` as Key,
    index: `${base}index.json` as Key,
    // A name's component cannot start with a dot, so `.journal` never meets the journal of a nested repository.
    journal: `.moorage/journal/${base}.journal` as Key,
    foreignLocks: ['index.json.lock', '.lock', 'index.lock'].map((name) => `${base}${name}` as Key),
    blob: (digest) => `${base}blobs/${algorithmOf(digest)}/${encodedOf(digest)}` as Key,
  };
}

export function poolKey(digest: Digest): Key {
  return `.moorage/pool/${algorithmOf(digest)}/${encodedOf(digest)}` as Key;
}

export const rootPrefix = '' as Key;

/** The prefix of a directory below another, while looking for layouts. */
export function childPrefix(prefix: Key, name: string): Key {
  return (prefix === '' ? name : `${prefix}/${name}`) as Key;
}

export const indexFileName = 'index.json';

/** Directories of a layout, and of the tools that write layouts, in which no repository lies. */
export function mayHoldRepositories(directory: string): boolean {
  return directory !== 'blobs' && directory !== 'ingest' && !directory.startsWith('.') && !directory.startsWith('_');
}
