// How fast bytes come, of late, and how long the rest of them will take at that.

/** So much of the past counts: long enough to be read, short enough to show that a link has become slow. */
const windowMs = 10_000;
/** Before that nothing can be said. */
const leastMs = 1_000;
const sampleEveryMs = 250;

export class TransferRate {
  #samples: { readonly atMs: number; readonly bytes: number }[] = [];

  /** `bytes` are all so far. */
  sample(atMs: number, bytes: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && atMs - last.atMs < sampleEveryMs) return;
    this.#samples = [...this.#samples.filter((each) => atMs - each.atMs <= windowMs), { atMs, bytes }];
  }

  /** Bytes a second; undefined while nothing can be said. */
  get perSecond(): number | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs - first.atMs < leastMs) return undefined;
    return ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs);
  }
}

/** `9s`, `3m05s`, `2h10m`; undefined where it would take for ever. */
export function timeLeft(bytes: number, perSecond: number | undefined): string | undefined {
  if (perSecond === undefined || perSecond <= 0) return undefined;
  const seconds = Math.ceil(bytes / perSecond);
  if (seconds < 60) return `${seconds}s`;
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  if (hours > 99) return undefined;
  const two = (value: number) => String(value).padStart(2, '0');
  return hours === 0 ? `${minutes}m${two(seconds % 60)}s` : `${hours}h${two(minutes % 60)}m`;
}
