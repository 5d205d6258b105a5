// One of several processes: who takes a claim says so with every beat, and who does not see another beat for a while takes it over. Counted
// beats and the time that passes here decide, never the time of day: a clock that jumps by years frees nothing and wedges nothing.
import type { Clock } from '../storage/clock.ts';
import type { Key, ObjectStore } from '../storage/object-store.ts';
import { StorageError } from '../storage/storage-error.ts';
import { unlessTooLarge } from './collection-files.ts';

const beatEveryMs = 10_000;
/** Without a beat for so long the process is gone. */
const abandonedMs = 60_000;
const longestBytes = 4_096;

interface ClaimHolder {
  /** '' for nobody. */
  readonly process: string;
  readonly beat: number;
}

export interface ProcessClaimOptions {
  readonly store: ObjectStore;
  /** Where the claim is written. */
  readonly key: Key;
  /** Unique among all processes. */
  readonly process: string;
  readonly clock: Clock;
}

export class ProcessClaim {
  readonly #options: ProcessClaimOptions;
  /** The beat of another process, and since when it is the same. */
  #seen: (ClaimHolder & { readonly sinceMs: number }) | undefined;
  #beating: NodeJS.Timeout | undefined;
  #isOurs = false;

  constructor(options: ProcessClaimOptions) {
    this.#options = options;
  }

  /** False while another process has it; to be asked again now and then. Throws what the store throws. */
  async take(): Promise<boolean> {
    if (this.#isOurs) return true;
    const { process, clock } = this.#options;
    const holder = await this.#update((now) => {
      const isFree = now.process === '' || now.process === process || this.#isAbandoned(now);
      return isFree ? { process, beat: now.beat + 1 } : now;
    });
    this.#isOurs = holder.process === process;
    if (this.#isOurs) {
      this.#beating = setInterval(() => void this.#goOn(), beatEveryMs).unref();
      return true;
    }
    const { beat } = holder;
    const isKnown = this.#seen?.process === holder.process && this.#seen.beat === beat;
    if (!isKnown) this.#seen = { ...holder, sinceMs: clock.elapsed() };
    return false;
  }

  /** False once another process has taken it over, which thought that this one was gone. */
  get isOurs(): boolean {
    return this.#isOurs;
  }

  /** May be called again. */
  async release(): Promise<void> {
    clearInterval(this.#beating);
    if (!this.#isOurs) return;
    this.#isOurs = false;
    const { process } = this.#options;
    await this.#update((now) => (now.process === process ? { process: '', beat: now.beat } : now));
  }

  #isAbandoned({ process, beat }: ClaimHolder): boolean {
    const seen = this.#seen;
    if (seen === undefined || seen.process !== process || seen.beat !== beat) return false;
    return this.#options.clock.elapsed() - seen.sinceMs > abandonedMs;
  }

  async #goOn(): Promise<void> {
    const { process } = this.#options;
    try {
      const holder = await this.#update((now) => (now.process === process ? { process, beat: now.beat + 1 } : now));
      if (holder.process === process) return;
      this.#isOurs = false;
      clearInterval(this.#beating);
    } catch (error) {
      // What cannot be written now is tried again; meanwhile another process may take over, and both only do the same twice.
      if (!(error instanceof StorageError)) throw error;
    }
  }

  async #update(change: (now: ClaimHolder) => ClaimHolder): Promise<ClaimHolder> {
    const { store, key } = this.#options;
    let holder: ClaimHolder = nobody;
    const { previous } = await store.update(key, async (object) => {
      const found = await unlessTooLarge(object?.read(longestBytes));
      const now = found === undefined ? nobody : holderIn(found.bytes);
      holder = change(now);
      if (holder === now) return undefined;
      return {
        bytes: Buffer.from(`${JSON.stringify(holder)}\n`),
        first: [],
        record: () => [],
        note: () => [],
        remove: [],
      };
    });
    // Held open for whoever wants to look at it, and a claim is written all the time.
    await previous?.close();
    return holder;
  }
}

const nobody: ClaimHolder = { process: '', beat: 0 };

/** What was damaged is nobody's. */
function holderIn(bytes: Uint8Array): ClaimHolder {
  try {
    const json: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof json !== 'object' || json === null || !('process' in json) || !('beat' in json)) return nobody;
    const { process, beat } = json;
    return typeof process === 'string' && typeof beat === 'number' ? { process, beat } : nobody;
  } catch {
    return nobody;
  }
}
