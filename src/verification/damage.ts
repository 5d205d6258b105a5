// What was found that a good copy could mend: files that do not hold what their names say, and what is gone.
import type { LayoutPrefix } from '../layout/files/keys.ts';
import type { OpenedMount } from '../mounts/opened-mount.ts';
import type { Digest } from '../oci/digest.ts';

export interface DamagedContent {
  readonly mount: OpenedMount;
  /** Undefined for a file of the pool. */
  readonly prefix: LayoutPrefix | undefined;
  readonly digest: Digest;
  /** By a descriptor; undefined where none leads to it. */
  readonly size: number | undefined;
  /** The manifest that leads to it; undefined for an entry of index.json, and for a file that was only read. */
  readonly holder: Digest | undefined;
  /** Nothing is there, or what is there is wrong, or the disk or its permissions keep it from being read. */
  readonly state: 'gone' | 'wrong' | 'unreadable';
}

/** A layout without the file that says that it is one (image-spec, image-layout.md, oci-layout file): every tool knows what is in it. */
export interface UnmarkedLayout {
  readonly mount: OpenedMount;
  readonly prefix: LayoutPrefix;
}

/** So many in one run: what is beyond is found by the next. */
export const maxDamaged = 100_000;
