// Looks again and again for archives that came to a directory, went from it, or were changed, for as long as it is served. By asking: on
// sticks, network shares and volumes of containers nobody tells.
import type { Mount } from '../registry/mount.ts';
import type { Log } from '../storage/log.ts';
import type { ServedArchives } from './served-archives.ts';
import { warnOfUnserved } from './unserved-lines.ts';

const everyMs = 2_000;

export interface ArchiveWatchOptions {
  readonly archives: ServedArchives;
  /** Called with what came and what went, both in one step. */
  readonly onChange: (added: readonly Mount[], removed: readonly Mount[]) => void;
  readonly log: Log;
}

export class ArchiveWatch {
  readonly #options: ArchiveWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | undefined;
  #isOver = false;

  constructor(options: ArchiveWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.look(), everyMs).unref();
  }

  /** Looks now; whoever asks while it does so waits for the same. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Waits for nothing: an archive may take minutes to be unpacked, and is closed by itself then. */
  stop(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { archives, onChange, log } = this.#options;
    try {
      const { added, removed, unserved } = await archives.look();
      if (this.#isOver) return void (await Promise.all(added.map(({ reader }) => reader.close())));
      if (added.length + removed.length > 0) onChange(added, removed);
      for (const { name, path } of removed)
        log.info('an archive is no longer served: it went, or was changed', { name, path });
      for (const { name, path } of added) log.info('an archive is served', { name, path });
      warnOfUnserved(archives.directory, unserved, log);
    } catch (error) {
      log.warn('a directory of archives could not be looked through; trying again later', { error });
    }
  }
}
