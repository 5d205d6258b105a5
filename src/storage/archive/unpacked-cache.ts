// The unpacked archives of a work directory: which file each came from, and that none outlives it.
//
//   unpacked/<identity>.tar        the tar (unpacked-archive.ts)
//   unpacked-from/<identity>       the path of the file that it was unpacked from
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { meansAbsent } from '../filesystem/errno.ts';
import type { Log } from '../log.ts';
import { type ArchiveFile, identityAt, pathPartOf } from './archive-file.ts';
import { isAbandonedDraft, readWorkFile, removeOutdated, removeWorkFile, writeWorkFile } from './work-file.ts';

const extension = '.tar';
const longestPath = 64 * 1024;
/** Each costs a stat of the file that it came from; the next start goes on. */
const mostLookedAt = 1_000;

export function unpackedDirectory(workDirectory: string): string {
  return join(workDirectory, 'unpacked');
}

export function unpackedName({ identity }: ArchiveFile): string {
  return `${identity}${extension}`;
}

/** To be called before the archive is unpacked: a tar of which nobody knows where it came from is removed. */
export async function rememberOrigin(workDirectory: string, { identity, path }: ArchiveFile): Promise<void> {
  await removeOutdated(originsIn(workDirectory), pathPartOf(identity), identity);
  await writeWorkFile(originsIn(workDirectory), identity, async (file) => void (await file.writeFile(path)));
}

/** What was unpacked turned out to be of no use. Readers that have it open keep it. */
export async function forgetUnpacked(workDirectory: string, identity: string): Promise<void> {
  await removeWorkFile(`${unpackedDirectory(workDirectory)}/${identity}${extension}`);
  await removeWorkFile(`${originsIn(workDirectory)}/${identity}`);
}

/** Removes what came from a file that is gone or was changed, and what a crash left. Not being able to is only told: it is a cache. */
export async function tidyUnpacked(workDirectory: string, log: Log): Promise<void> {
  const directory = unpackedDirectory(workDirectory);
  try {
    const [names, origins] = [await namesIn(directory), await namesIn(originsIn(workDirectory))];
    for (const name of names) {
      if (await isAbandonedDraft(`${directory}/${name}`)) await removeWorkFile(`${directory}/${name}`);
    }
    const tars = names.flatMap((name) => (name.endsWith(extension) ? [basename(name, extension)] : []));
    for (const identity of [...new Set([...tars, ...origins])].slice(0, mostLookedAt)) {
      const origin = await readWorkFile(originsIn(workDirectory), identity, longestPath);
      if (origin !== undefined && identityAt(origin.toString()) === identity) continue;
      await forgetUnpacked(workDirectory, identity);
      log.info('removed an unpacked archive: what it came from is gone or has changed', { path: origin?.toString() });
    }
  } catch (error) {
    log.warn('the cache of unpacked archives cannot be tidied', { directory, error });
  }
}

function originsIn(workDirectory: string): string {
  return join(workDirectory, 'unpacked-from');
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (meansAbsent(error)) return [];
    throw error;
  }
}
