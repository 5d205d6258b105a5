// When a worker that ended is replaced: at once, unless it ended soon after its start again and again, and not for ever
// where nobody else answers.

const firstPauseMs = 100;
const longestPauseMs = 10_000;
/** Whoever answered requests for so long had no trouble with its start. */
const livedWellMs = 10_000;
/** So often in a row it may end before it listens. */
const mostFailedStarts = 6;

export interface EndedWorker {
  readonly livedMs: number;
  readonly hasListened: boolean;
  /** What keeps this one from its start, such as a volume that is away, may be over by the next: a server that answers does not end for it. */
  readonly othersAnswer?: boolean;
}

export class RestartPause {
  #early = 0;
  #failedStarts = 0;

  /** Milliseconds until the next one is started; undefined: it does not come up, and none is started any more. */
  after({ livedMs, hasListened, othersAnswer = false }: EndedWorker): number | undefined {
    this.#failedStarts = hasListened ? 0 : this.#failedStarts + 1;
    if (this.#failedStarts >= mostFailedStarts && !othersAnswer) return undefined;
    if (hasListened && livedMs >= livedWellMs) {
      this.#early = 0;
      return 0;
    }
    this.#early += 1;
    return Math.min(longestPauseMs, firstPauseMs * 2 ** (this.#early - 1));
  }
}
