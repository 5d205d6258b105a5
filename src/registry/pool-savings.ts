// What the pool of a mount saves: every repository that holds a blob after the first has it for nothing. That is told by the links of each
// file, so it is a walk; one begins when somebody asks, at most every ten minutes, and nobody waits for it.
import { digestsIn } from '../layout/blobs/stored-digests.ts';
import { poolDirectory, poolKey } from '../layout/files/keys.ts';
import type { BackgroundWork } from '../layout/pacing/background-work.ts';
import { Pace } from '../layout/pacing/pace.ts';
import type { Clock } from '../storage/clock.ts';
import type { ObjectReader } from '../storage/object-store.ts';

const goodForMs = 10 * 60_000;

/** Its own name, and the repository that would have the file without a pool. */
const linksWithoutSaving = 2;

interface Known {
  bytes: number | undefined;
  /** By the clock that never goes back. */
  walkedAtMs: number;
}

export class PoolSavings {
  readonly #background: BackgroundWork;
  readonly #clock: Clock;
  readonly #known = new WeakMap<ObjectReader, Known>();

  constructor(background: BackgroundWork, clock: Clock) {
    this.#background = background;
    this.#clock = clock;
  }

  /** In bytes, as it was when the last walk ended; undefined before the first has. */
  of(reader: ObjectReader): number | undefined {
    const nowMs = this.#clock.elapsed();
    const known = this.#known.get(reader) ?? { bytes: undefined, walkedAtMs: Number.NEGATIVE_INFINITY };
    if (nowMs - known.walkedAtMs >= goodForMs && this.#begin(reader, known)) {
      known.walkedAtMs = nowMs;
      this.#known.set(reader, known);
    }
    return known.bytes;
  }

  #begin(reader: ObjectReader, known: Known): boolean {
    return this.#background.add('what the pool saves', async (signal) => {
      known.bytes = await savedIn(reader, signal);
    });
  }
}

async function savedIn(reader: ObjectReader, signal: AbortSignal): Promise<number> {
  let bytes = 0;
  const pace = new Pace();
  for (const digest of await digestsIn(reader, { blobs: poolDirectory })) {
    signal.throwIfAborted();
    const info = await reader.stat(poolKey(digest));
    if (info !== undefined) bytes += info.size * Math.max(0, info.hardLinks - linksWithoutSaving);
    await pace.step();
  }
  return bytes;
}
