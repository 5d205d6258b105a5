// SIGTERM, SIGINT and SIGHUP: the first asks to stop, the next one wants it now. Without a terminal SIGHUP means another thing.
import { constants } from 'node:os';
import { isatty } from 'node:tty';

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
export type StopSignal = (typeof signals)[number];

/** What a shell gives to a program that the signal ended. */
export function exitCodeOf(signal: StopSignal): number {
  return 128 + constants.signals[signal];
}

export interface StopSignals {
  /** Resolves at the first signal. */
  readonly first: Promise<StopSignal>;
  /**
   * Called with each SIGHUP that does not mean the end of a terminal: by custom, to read the configuration again. At once where one came before
   * anybody wanted to know.
   */
  onHangup(listener: () => void): void;
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

export interface StopSignalsOptions {
  readonly underNpm: boolean;
  /** Whether SIGHUP, the end of a terminal, means us. */
  readonly hasTerminal?: boolean;
  readonly now?: () => number;
}

/** Some standard stream leads to one. `nohup` sees to it that none does, and so do cron and service managers. */
function someTerminal(): boolean {
  return [0, 1, 2].some(isatty);
}

/** `exitNow` gets the exit code that a shell gives to the signal. */
export function watchStopSignals(
  source: SignalSource,
  exitNow: (code: number) => void,
  { underNpm, hasTerminal = someTerminal(), now = Date.now }: StopSignalsOptions,
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
    else exitNow(exitCodeOf(signal));
  };
  let hasHungUp = false;
  let hungUp = () => {
    hasHungUp = true;
  };
  // Also where nobody is told: Node gives signals that were ignored when it started (nohup) their usual effect again.
  const tellHungUp = () => hungUp();
  const listenerOf = (signal: StopSignal) => (signal === 'SIGHUP' && !hasTerminal ? tellHungUp : listener);
  for (const signal of signals) source.on(signal, listenerOf(signal));
  return {
    first,
    onHangup: (told) => {
      hungUp = told;
      if (hasHungUp) told();
    },
    release: () => signals.forEach((signal) => void source.off(signal, listenerOf(signal))),
  };
}
