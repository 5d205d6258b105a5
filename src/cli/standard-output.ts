// Standard output as the place of an archive.
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isError } from '../oci/is-error.ts';
import { WrongReferenceError } from '../transfer/source-reference.ts';
import { CommandError } from './failure.ts';

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
  // Not process.stdout, whose writes into a pipe keep everything else waiting, a signal among it.
  const output = createWriteStream('', { fd: 1, autoClose: false });
  try {
    await pipeline(Readable.from(bytes, { objectMode: false }), output, { signal });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (!isError(error) || !('syscall' in error)) throw error;
    const isReaderGone = 'code' in error && error.code === 'EPIPE';
    const why = isReaderGone ? 'the program that reads standard output has ended' : `standard output: ${error.message}`;
    throw new CommandError(`${why}; the archive is incomplete`, { cause: error });
  }
}
