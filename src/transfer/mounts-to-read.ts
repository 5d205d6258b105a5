// Mounts as `serve --read-only` opens them, for whoever inspects or copies: what is read here is what would be served.

import type { LinkRules } from '../layout/blobs/linked-blobs.ts';
import { openMounts } from '../mounts/open-mounts.ts';
import type { OpenedMount } from '../mounts/opened-mount.ts';
import { userCacheDirectory } from '../mounts/work-directory.ts';
import type { Log } from '../storage/log.ts';

export interface MountsToRead {
  readonly paths: readonly string[];
  /** The registry's own directory; undefined: only the paths. */
  readonly root: string | undefined;
  /** HOME and XDG_CACHE_HOME: work files go to the user's cache directory. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly links: LinkRules['links'];
  /** `--shared-blobs`: where layouts have their blobs; undefined: each has its own. */
  readonly sharedBlobs?: string | undefined;
  readonly log: Log;
}

/** Throws what openMounts throws. */
export function openMountsToRead({ environment, ...what }: MountsToRead): Promise<readonly OpenedMount[]> {
  const cacheDirectory = userCacheDirectory(environment);
  return openMounts({ ...what, cacheDirectory, readOnly: true, fileMode: 0o644, directoryMode: 0o755 });
}
