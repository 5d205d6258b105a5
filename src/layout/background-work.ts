// What nobody waits for: one piece at a time for the whole process, each once, and none after the end.
import type { LayoutLog } from './layout-log.ts';

/** What is beyond is left out: whoever asks again puts it in the queue again. */
const maxPending = 1_000;

export type Work = (signal: AbortSignal) => Promise<void>;

export class BackgroundWork {
  readonly #log: LayoutLog;
  readonly #pending = new Map<string, Work>();
  readonly #end = new AbortController();
  #running: Promise<void> | undefined;

  constructor(log: LayoutLog) {
    this.#log = log;
  }

  /** Work of the same `id` that is pending, or running, is not added again. */
  add(id: string, work: Work): void {
    if (this.#end.signal.aborted || this.#pending.has(id) || this.#pending.size >= maxPending) return;
    this.#pending.set(id, work);
    this.#running ??= this.#run();
  }

  /** Breaks off what is running, forgets the rest, and resolves once nothing runs any more. */
  async close(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (const [id, work] of this.#pending) {
      if (this.#end.signal.aborted) break;
      try {
        await work(this.#end.signal);
      } catch (error) {
        if (!this.#end.signal.aborted) this.#log.warn('a check in the background failed', { work: id, error });
      }
      this.#pending.delete(id);
    }
    this.#running = undefined;
  }
}
