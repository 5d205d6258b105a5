// Where work files of mounts go that must not be written to: beside the registry's own, or into the user's cache directory.
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Absolute; made by whoever writes there first. Without a home, as some containers are, nothing of it outlives the process. */
export function userCacheDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  const { XDG_CACHE_HOME: configured, HOME: home } = environment;
  if (configured !== undefined && isAbsolute(configured)) return join(configured, 'moorage');
  if (home !== undefined && isAbsolute(home)) return join(home, '.cache', 'moorage');
  // A name that can be foreseen is no place for facts that are believed: others may write to the same directory.
  return join(tmpdir(), `moorage-${randomUUID()}`);
}
