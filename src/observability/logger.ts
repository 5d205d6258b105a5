// The log: pino.
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** For a registry inside another program, which did not ask for a log. */
export function silentLogger(): Logger {
  return pino({ enabled: false });
}
