// Where a server says what it says: banner on standard output, log on standard error.
import type { Settings } from '../config/schema.ts';
import { fittedLines } from './fitted-lines.ts';
import { LineOutput } from './line-output.ts';
import { createLogger, type LogOutput } from './log-output.ts';
import { terminalColumns } from './output-text.ts';

const standardOutput = 1;
const standardError = 2;

export interface ServeOutput extends Omit<LogOutput, 'flush'> {
  /** On standard output. */
  print(text: string): void;
}

/** Neither ever waits for its reader, and both are flushed when the process ends, whatever ends it. */
export function openOutputs(settings: Settings): ServeOutput {
  const { flush, ...logOutput } = createLogger({ ...settings.log, fileDescriptor: standardError });
  const output = new LineOutput({
    fileDescriptor: standardOutput,
    batchLength: 0,
    onLost: (lines) => logOutput.log.warn({ lines }, 'lines of standard output are lost: its reader did not take them'),
  });
  process.once('exit', () => {
    output.flush();
    flush();
  });
  return { ...logOutput, print: (text) => output.write(fittedLines(text, terminalColumns(process.stdout))) };
}
