// Standard input as the bytes of an archive.
import { addAbortSignal } from 'node:stream';
import { WrongReferenceError } from '../transfer/source-reference.ts';

/** How it is written as a path. */
export const standardInput = '-';

/** Throws for a terminal, which nobody types an archive into; and the reason of `signal`. */
export async function* standardInputBytes(signal: AbortSignal): AsyncGenerator<Buffer> {
  const { stdin } = process;
  if (stdin.isTTY)
    throw new WrongReferenceError('standard input is a terminal; pipe an archive into it, or name a file');
  try {
    for await (const chunk of addAbortSignal(signal, stdin)) yield chunk as Buffer;
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}
