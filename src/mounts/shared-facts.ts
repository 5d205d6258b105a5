// Where what is derived from a path is kept, when nothing may be written at the path itself.
import { createHash } from 'node:crypto';
import type { FactsPlace } from '../layout/files/kept-lines.ts';
import { sharedFactsDirectory } from '../layout/files/keys.ts';
import { openFilesystemStore } from '../storage/filesystem/filesystem-store.ts';
import { realPathOf } from '../storage/filesystem/path-probe.ts';
import type { Log } from '../storage/log.ts';

export interface SharedFactsOptions {
  /** Beside the registry's own files, or the user's cache directory. */
  readonly workDirectory: string;
  /** What the user's cache directory tells is nobody else's business; in the registry's own, other servers work as well. */
  readonly isPrivate: boolean;
  readonly fileMode: number;
  readonly directoryMode: number;
  readonly log: Log;
}

/** A path that is only read stays byte-identical, so what is derived from it is kept elsewhere. Undefined where nothing can be kept. */
export async function sharedFacts(path: string, options: SharedFactsOptions): Promise<FactsPlace | undefined> {
  const { workDirectory, isPrivate, log, fileMode, directoryMode } = options;
  try {
    const modes = isPrivate ? { fileMode: 0o600, directoryMode: 0o700 } : { fileMode, directoryMode };
    const store = await openFilesystemStore(workDirectory, { log, ...modes });
    const scope = createHash('sha256').update(realPathOf(path)).digest('hex').slice(0, 32);
    return { store, directory: sharedFactsDirectory(scope) };
  } catch (error) {
    log.info('no place for derived facts; they are derived anew after a restart', { path, error });
    return undefined;
  }
}
