// The mounts of a registry: archives come and go while it is served. Whoever asks gets those of one moment.
import type { Mount } from './mount.ts';
import type { MountedLayouts } from './mounted-layouts.ts';

/** A download that began before its archive went may go on for so long. */
const leaveMs = 60_000;

export class MountTable {
  #all: readonly MountedLayouts[];
  readonly #leaving = new Map<MountedLayouts, NodeJS.Timeout>();
  readonly #onFailure: (error: unknown) => void;

  /** `onFailure` is told when one that went cannot be closed. */
  constructor(all: readonly MountedLayouts[], onFailure: (error: unknown) => void) {
    this.#all = all;
    this.#onFailure = onFailure;
  }

  get all(): readonly MountedLayouts[] {
    return this.#all;
  }

  /** In one step. What goes is closed later. */
  exchange(added: readonly MountedLayouts[], removed: readonly Mount[]): void {
    const leaving = this.#all.filter(({ mount }) => removed.some(({ reader }) => reader === mount.reader));
    this.#all = [...this.#all.filter((mounted) => !leaving.includes(mounted)), ...added];
    for (const mounted of leaving) {
      this.#leaving.set(mounted, setTimeout(() => void this.#let(mounted), leaveMs).unref());
    }
  }

  async close(): Promise<void> {
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    await Promise.all([...this.#all, ...this.#leaving.keys()].map((mounted) => mounted.close()));
  }

  async #let(mounted: MountedLayouts): Promise<void> {
    this.#leaving.delete(mounted);
    await mounted.close().catch(this.#onFailure);
  }
}
