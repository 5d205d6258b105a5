// Group commit of directory syncs: a sync answers for everything that was put into the directory before it began, so whoever asks while one
// runs waits for it, and shares the next one with all others who ask by then.
import type { HeldDirectory } from './held-directory.ts';

interface SharedSync {
  /** Undefined: it is opened by its name. */
  readonly held: HeldDirectory | undefined;
  readonly done: Promise<void>;
}

export type SyncDirectory = (directory: string, held: HeldDirectory | undefined) => Promise<void>;

export class SharedSyncs {
  readonly #begin: SyncDirectory;
  readonly #running = new Map<string, SharedSync>();
  /** Begins when the one that runs has ended. */
  readonly #next = new Map<string, SharedSync>();

  constructor(begin: SyncDirectory) {
    this.#begin = begin;
  }

  /** Resolves once all that is in the directory now is durable; one that is refused is refused to all who share it. */
  share(directory: string, held: HeldDirectory | undefined): Promise<void> {
    const next = this.#next.get(directory);
    if (next !== undefined) return isSame(next.held, held) ? next.done : this.#begin(directory, held);
    const running = this.#running.get(directory);
    if (running === undefined) return this.#start(directory, held);
    const done = running.done
      .catch(() => {})
      .then(() => {
        this.#next.delete(directory);
        return this.#start(directory, held);
      });
    this.#next.set(directory, { held, done });
    return done;
  }

  #start(directory: string, held: HeldDirectory | undefined): Promise<void> {
    const done = this.#begin(directory, held).finally(() => {
      if (this.#running.get(directory)?.done === done) this.#running.delete(directory);
    });
    this.#running.set(directory, { held, done });
    return done;
  }
}

/** A directory may have been moved away, and another one made under its name: the sync of one says nothing about the other. */
function isSame(one: HeldDirectory | undefined, other: HeldDirectory | undefined): boolean {
  if (one === undefined || other === undefined || one === other) return one === other;
  return one.identity === other.identity;
}
