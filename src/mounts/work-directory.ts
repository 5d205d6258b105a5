// Where work files of mounts go that must not be written to: beside the registry's own, or into the user's cache directory.
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Absolute; made by whoever writes there first. */
export function userCacheDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  const configured = environment.XDG_CACHE_HOME;
  const base = configured?.startsWith('/') === true ? configured : join(homedir(), '.cache');
  return join(base, 'moorage');
}
