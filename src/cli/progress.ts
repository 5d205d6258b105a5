// Runs a copy for a command: progress on standard error, a first Ctrl-C that stops it where it can go on, and failures in words.
import type { Environment } from '../config/environment.ts';
import { isError } from '../oci/is-error.ts';
import { CopyError } from '../transfer/copy-error.ts';
import { CommandError, InterruptedError } from './failure.ts';
import { terminalColumns } from './output-text.ts';
import { notesOn, progressOn } from './progress-lines.ts';
import type { ShownProgress } from './progress-output.ts';
import { exitCodeOf, watchStopSignals } from './stop-signals.ts';

export interface CopyOptions {
  /** Standard output is for a program: nothing but notes beside it, unless somebody watches a terminal. */
  readonly json: boolean;
  /** What to do after a stop, e.g. "run it again to go on". */
  readonly afterStop: string;
  readonly environment: Environment;
}

/** Throws a CommandError for what a person can mend, and everything else as it is. */
export async function runCopy<Result>(
  { json, afterStop, environment }: CopyOptions,
  copy: (progress: ShownProgress, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { stderr } = process;
  const output = {
    columns: terminalColumns(stderr),
    write: (text: string) => void stderr.write(text),
    now: () => performance.now(),
  };
  const progress = json && output.columns === undefined ? notesOn(output) : progressOn(output);
  const stop = new AbortController();
  const signals = watchStopSignals(process, (code) => process.exit(code), {
    underNpm: environment.npm_lifecycle_event !== undefined,
  });
  void signals.first.then((signal) => stop.abort(new InterruptedError(`stopped; ${afterStop}`, exitCodeOf(signal))));
  try {
    return await copy(progress, stop.signal);
  } catch (error) {
    progress.end();
    throw failure(error);
  } finally {
    progress.end();
    signals.release();
  }
}

function failure(error: unknown): unknown {
  if (error instanceof CopyError) return new CommandError(error.message, { cause: error });
  // Of the file system, about the target: its message names the call and the path.
  if (isError(error) && 'syscall' in error && 'path' in error) return new CommandError(error.message, { cause: error });
  return error;
}
