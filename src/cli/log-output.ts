// The log as it leaves the process: JSON lines for machines, text for a person at a terminal.
import { isatty } from 'node:tty';
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { textLine } from '../observability/text-line.ts';
import { LineOutput } from './line-output.ts';

export interface LoggerOptions {
  readonly level: 'error' | 'warn' | 'info' | 'debug' | 'silent';
  /** auto: text when the descriptor is a terminal. */
  readonly format: 'auto' | 'text' | 'json';
  readonly fileDescriptor: number;
}

export interface LogOutput {
  readonly log: Logger;
  /** How lines look: auto is decided by now. */
  readonly format: 'text' | 'json';
  /** Whole lines of another process, in that format. */
  write(lines: string): void;
  /** Writes what is still held back; to be called before the process ends. */
  flush(): void;
}

/** Since one write for each request line costs more than the line. */
const batchLength = 8192;

export function createLogger({ level, format, fileDescriptor }: LoggerOptions): LogOutput {
  const asText = format === 'text' || (format === 'auto' && isatty(fileDescriptor));
  const output = new LineOutput({
    fileDescriptor,
    batchLength: asText ? 0 : batchLength,
    onLost: (lines) => log.error({ lines }, 'lines of the log are lost: its reader did not take them'),
  });
  const log: Logger = pino(
    {
      level,
      base: null,
      errorKey: 'error',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    asText ? textOutput(output) : output,
  );
  const write = (lines: string) => output.write(lines);
  return { log, format: asText ? 'text' : 'json', write, flush: () => output.flush() };
}

function textOutput(output: DestinationStream): DestinationStream {
  return { write: (line) => output.write(textLine(line)) };
}
