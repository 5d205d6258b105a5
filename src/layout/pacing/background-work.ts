// What nobody waits for: one piece at a time for the whole process, and none after the end.
import type { Log } from '../../storage/log.ts';

/** What is beyond is left out: whoever asks again puts it in the queue again. */
const maxPending = 1_000;

export type Work = (signal: AbortSignal) => Promise<void>;

export class BackgroundWork {
  readonly #log: Log;
  /** With what it is called in the log. */
  readonly #pending = new Map<Work, string>();
  readonly #end = new AbortController();
  #running: Promise<void> | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** False when it is not taken: there is too much, or it is over. `name` is for the log. */
  add(name: string, work: Work): boolean {
    if (this.#end.signal.aborted || this.#pending.size >= maxPending) return false;
    this.#pending.set(work, name);
    this.#running ??= this.#run();
    return true;
  }

  /** Breaks off what is running, forgets the rest, and resolves once nothing runs any more. */
  async close(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (const [work, name] of this.#pending) {
      if (this.#end.signal.aborted) break;
      try {
        await work(this.#end.signal);
      } catch (error) {
        if (!this.#end.signal.aborted) this.#log.warn('background work failed', { work: name, error });
      }
      this.#pending.delete(work);
    }
    this.#running = undefined;
  }
}
