// The log: pino, as JSON lines for machines and as text for a person at a terminal.
import { isatty } from 'node:tty';
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { textLine } from './text-line.ts';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly level: 'error' | 'warn' | 'info' | 'debug' | 'silent';
  /** auto: text when the descriptor is a terminal. */
  readonly format: 'auto' | 'text' | 'json';
  readonly fileDescriptor: number;
}

export interface LogOutput {
  readonly log: Logger;
  /** Writes what is still held back; to be called before the process ends. */
  flush(): void;
}

/** Lines are gathered up to this many characters, since one write for each request line costs more than the line. */
const batchLength = 8192;
const batchMs = 100;
/** A reader that is stuck costs lines, not memory. */
const mostWaiting = 4 * 1024 * 1024;

export function createLogger({ level, format, fileDescriptor }: LoggerOptions): LogOutput {
  const asText = format === 'text' || (format === 'auto' && isatty(fileDescriptor));
  const output = pino.destination({
    fd: fileDescriptor,
    // Measured: synchronous batches cost half of single writes, and less than the thread pool's.
    sync: true,
    minLength: asText ? 0 : batchLength,
    periodicFlush: asText ? 0 : batchMs,
    maxLength: mostWaiting,
  });
  // A log that cannot be written (its terminal or reader is gone) must not end the server, and there is nowhere left to say so.
  output.on('error', () => {});
  const log = pino(
    {
      level,
      base: null,
      errorKey: 'error',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    asText ? textOutput(output) : output,
  );
  return { log, flush: () => output.flushSync() };
}

function textOutput(output: DestinationStream): DestinationStream {
  return { write: (line) => output.write(textLine(line)) };
}

/** For a registry inside another program, which did not ask for a log. */
export function silentLogger(): Logger {
  return pino({ enabled: false });
}
