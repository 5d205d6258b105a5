// What the log says of archives in a directory that are not served: of the first ones why, of the rest how many. It may be a folder of backups.
import { join } from 'node:path';
import type { Log } from '../storage/log.ts';
import type { UnservedArchive } from './served-archives.ts';

const mostNamed = 20;

export function warnOfUnserved(directory: string, unserved: readonly UnservedArchive[], log: Log): void {
  for (const { path, reason } of unserved.slice(0, mostNamed)) {
    log.warn('an archive is not served', { path: join(directory, path), reason });
  }
  const count = unserved.length - mostNamed;
  if (count > 0) log.warn('further archives of the directory are not served', { path: directory, count });
}
