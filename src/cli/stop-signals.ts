// SIGTERM, SIGINT and SIGHUP: the first asks to stop, the next one wants it now.
import { constants } from 'node:os';

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
export type StopSignal = (typeof signals)[number];

export interface StopSignals {
  /** Resolves at the first signal. */
  readonly first: Promise<StopSignal>;
  /** Lets signals have their usual effect again. */
  release(): void;
}

export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
}

/**
 * npm passes on the signals it gets, so that Ctrl-C in a terminal reaches a program below `npm start` twice, once from the
 * terminal and once from npm: under npm one copy that comes at once is not a second wish.
 */
const copyMs = 500;

/** `exitNow` gets the exit code that a shell gives to the signal. */
export function watchStopSignals(
  source: SignalSource,
  exitNow: (code: number) => void,
  { underNpm, now = Date.now }: { underNpm: boolean; now?: () => number },
): StopSignals {
  let firstAt: number | undefined;
  let copiesLeft = underNpm ? 1 : 0;
  let stop: (signal: StopSignal) => void;
  const first = new Promise<StopSignal>((resolve) => {
    stop = resolve;
  });
  const listener = (signal: StopSignal) => {
    if (firstAt === undefined) {
      firstAt = now();
      stop(signal);
    } else if (copiesLeft > 0 && now() - firstAt < copyMs) copiesLeft -= 1;
    else exitNow(128 + constants.signals[signal]);
  };
  for (const signal of signals) source.on(signal, listener);
  return { first, release: () => signals.forEach((signal) => void source.off(signal, listener)) };
}
