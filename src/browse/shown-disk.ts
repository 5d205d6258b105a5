// What everything takes on the disk. All files are looked at for it, which takes half a minute for ten thousand repositories: so who asks soon
// after somebody else gets what that one got.
import type { DiskUse } from '../registry/disk-use.ts';
import type { Registry } from '../registry/registry.ts';
import { isoTimeOf } from './iso-time.ts';

export interface ShownDisk {
  readonly at?: string | undefined;
  readonly mounts: readonly DiskUse[];
  /** Repositories of which nobody can tell what they need. */
  readonly unclear: readonly { readonly repository: string; readonly why: string }[];
}

interface DiskLooked {
  readonly found: Promise<ShownDisk>;
  /** Undefined while it is going on. */
  freshUntilMs: number | undefined;
}

const freshMs = 60_000;
/** So that a large site spends a tenth of its time on it at most, however many ask. */
const freshForEachMs = 10;

export class DiskLook {
  readonly #registry: Registry;
  readonly #now: () => number;
  #last: DiskLooked | undefined;

  /** `now` in milliseconds, of a clock that never goes back. */
  constructor(registry: Registry, now: () => number = () => performance.now()) {
    this.#registry = registry;
    this.#now = now;
  }

  /** Throws a StorageError where the disk cannot be read; the next one who asks looks anew. */
  show(): Promise<ShownDisk> {
    if (this.#last === undefined || this.#now() >= (this.#last.freshUntilMs ?? Number.POSITIVE_INFINITY)) {
      this.#last = this.#begin();
    }
    return this.#last.found;
  }

  #begin(): DiskLooked {
    const beganMs = this.#now();
    const look: DiskLooked = { found: this.#look(), freshUntilMs: undefined };
    look.found.then(
      () => {
        const tookMs = this.#now() - beganMs;
        look.freshUntilMs = beganMs + tookMs + Math.max(freshMs, freshForEachMs * tookMs);
      },
      () => {
        look.freshUntilMs = beganMs;
      },
    );
    return look;
  }

  async #look(): Promise<ShownDisk> {
    const at = isoTimeOf(Date.now());
    const unclear: { repository: string; why: string }[] = [];
    const mounts = await this.#registry.diskUse(
      () => true,
      (repository, why) => unclear.push({ repository, why }),
    );
    return { at, mounts, unclear };
  }
}
