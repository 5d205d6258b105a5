// Standard output as the place of an archive.
import { createWriteStream, fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { addAbortSignal, type Writable } from 'node:stream';
import { isError } from '../oci/is-error.ts';
import { WrongReferenceError } from '../transfer/source-reference.ts';
import { CommandError } from './failure.ts';
import { unblockedDescriptor } from './unblocked-descriptor.ts';

const standardOutput = 1;

/** Before anything is read: a terminal shows no archive. */
export function assertArchiveOutput(): void {
  if (process.stdout.isTTY) {
    throw new WrongReferenceError(
      'standard output is a terminal; write the archive to a file, or pipe it to a program',
    );
  }
}

/**
 * Ends with the last byte taken. Throws a CommandError when the reader leaves before that or the disk is full, and the
 * reason of `signal`.
 */
export async function writeToStandardOutput(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  const output = addAbortSignal(signal, openOutput());
  // Told to whoever waits for the write that failed.
  output.on('error', () => {});
  try {
    for await (const chunk of bytes) await written(output, chunk);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (!isError(error) || !('syscall' in error)) throw error;
    const isReaderGone = 'code' in error && error.code === 'EPIPE';
    const why = isReaderGone ? 'the program that reads standard output has ended' : `standard output: ${error.message}`;
    throw new CommandError(`${why}; the archive is incomplete`, { cause: error });
  } finally {
    output.destroy();
  }
}

/**
 * Not process.stdout, which the end of the process waits for: a reader that stands still would keep it from ending. And not a file's
 * stream for a pipe: `process.stdout` has made that non-blocking by then, and a file's stream gives up when it is full for a moment.
 */
function openOutput(): Writable {
  const stats = fstatSync(standardOutput);
  if (!stats.isFIFO() && !stats.isSocket()) return createWriteStream('', { fd: standardOutput, autoClose: false });
  return new Socket({ fd: unblockedDescriptor(standardOutput), readable: false, writable: true });
}

function written(output: Writable, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}
