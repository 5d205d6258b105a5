// Waits of any length: Node's own timers end at 24 days, and fire at once when they are told to wait for longer.

/** What Node takes, in milliseconds. */
export const longestTimerMs = 2 ** 31 - 1;

export interface LongTimer {
  /** May be called again, and after the work was done. */
  stop(): void;
}

/** Runs `work` once, so many milliseconds from now. Does not keep the process alive. */
export function longTimeout(work: () => void, ms: number): LongTimer {
  let timer: NodeJS.Timeout | undefined;
  const wait = (leftMs: number) => {
    const stepMs = Math.min(leftMs, longestTimerMs);
    const done = () => (leftMs > stepMs ? wait(leftMs - stepMs) : work());
    timer = setTimeout(done, stepMs).unref();
  };
  wait(Math.max(ms, 0));
  return { stop: () => clearTimeout(timer) };
}
