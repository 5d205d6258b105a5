// xz and bzip2, by the programs of those names: Node has neither, and a machine that was given such a file mostly has them.
import { type ChildProcess, spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { isError } from '../../oci/is-error.ts';
import { CorruptStreamError } from './zstd-frames.ts';

export type ExternalCompression = 'xz' | 'bzip2';

interface Program {
  readonly arguments: readonly string[];
  /** The package of it, as most systems call it. */
  readonly comesWith: string;
}

const programs: Readonly<Record<ExternalCompression, Program>> = {
  // As much as `xz -9e` needs ten times over; a hostile file may ask for all of the memory.
  xz: { arguments: ['--decompress', '--stdout', '--memlimit-decompress=700MiB', '--threads=1'], comesWith: 'xz-utils' },
  bzip2: { arguments: ['--decompress', '--stdout'], comesWith: 'bzip2' },
};

const maxSaid = 300;

/** The message says what to install. */
export class MissingProgramError extends Error {
  override readonly name = 'MissingProgramError';
}

/** Throws CorruptStreamError for what the program refuses, MissingProgramError where there is none; what `source` throws passes through. */
export async function* decompressExternally(
  compression: ExternalCompression,
  source: AsyncIterable<Buffer>,
): AsyncGenerator<Uint8Array> {
  const { arguments: args, comesWith } = programs[compression];
  const child = spawn(compression, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const ending = endOf(child);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(0, maxSaid);
  });
  const input = Readable.from(source, { objectMode: false });
  let sourceFailure: { readonly error: Error } | undefined;
  input.once('error', (error) => {
    sourceFailure = { error };
    child.kill('SIGKILL');
  });
  // It ends before its input does where that is corrupt; its exit code says so.
  child.stdin.on('error', () => input.destroy());
  input.pipe(child.stdin);
  try {
    yield* child.stdout;
    const end = await ending;
    if (sourceFailure !== undefined) throw sourceFailure.error;
    if ('error' in end) throw startFailure(compression, comesWith, end.error);
    if (end.code === 0) return;
    throw new CorruptStreamError(`${compression} says: ${said.trim() || `it ended with ${end.code ?? end.signal}`}`);
  } finally {
    input.destroy();
    child.kill('SIGKILL');
  }
}

type End = { readonly code: number | null; readonly signal: string | null } | { readonly error: unknown };

function endOf(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

function startFailure(program: ExternalCompression, comesWith: string, error: unknown): unknown {
  if (!isError(error) || !('code' in error) || error.code !== 'ENOENT') return error;
  const remedy = `install it (${comesWith}), or unpack the file elsewhere`;
  return new MissingProgramError(`it wants the program ${program}, which this machine lacks: ${remedy}`, {
    cause: error,
  });
}
