// Reconciles a layout by itself once another program wrote to it and it has been quiet for a while (docs/layouts.md#reconcile): never while a
// lock or a temporary file of another tool is there, and never twice for the same state.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../storage/log.ts';
import type { ObjectReader } from '../../storage/object-store.ts';
import { isForeignWork, type LayoutKeys } from '../files/keys.ts';
import type { Reconciled } from './reconciled.ts';

/** Longer than a tool takes between the manifests of one copy. */
const quietMs = 5_000;
const maxPostponements = 60;

export interface ReconcileRules {
  /** `background`: what other tools write is brought to the convention by itself, after a quiet time. */
  readonly reconcile: 'off' | 'background';
}

export interface QuietReconcileOptions {
  readonly store: ObjectReader;
  readonly keys: LayoutKeys;
  readonly log: Log;
  /** Names the layout in the log. */
  readonly name: string;
  readonly reconcile: () => Promise<readonly Reconciled[]>;
  readonly afterMs?: number;
}

export class QuietReconcile {
  readonly #options: QuietReconcileOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();

  constructor(options: QuietReconcileOptions) {
    this.#options = options;
  }

  /** Another program wrote, or the layout was opened. */
  changed(): void {
    if (this.#closing.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#running = this.#running.then(() => this.#run());
    }, this.#options.afterMs ?? quietMs).unref();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { log, name, reconcile } = this.#options;
    const { signal } = this.#closing;
    try {
      for (let tries = 0; await this.#isBusy(); tries += 1) {
        if (signal.aborted || tries >= maxPostponements) return;
        await sleep(this.#options.afterMs ?? quietMs, undefined, { ref: false, signal }).catch(() => undefined);
      }
      if (signal.aborted) return;
      const changes = await reconcile();
      if (changes.length > 0)
        log.info('referrers that other tools stored were made visible to all', { layout: name, changes });
    } catch (error) {
      log.warn('a layout could not be reconciled; the next change tries again', { layout: name, error });
    }
  }

  async #isBusy(): Promise<boolean> {
    const { store, keys } = this.#options;
    return (await store.list(keys.directory)).some(({ name }) => isForeignWork(name));
  }
}
