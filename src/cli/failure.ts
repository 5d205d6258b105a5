// Turns what stopped a command into one line that says what to do, and an exit code. No stack traces for what a user can mend.
import { ConfigError } from '../config/config-error.ts';
import { MountArgumentError } from '../mounts/mount-argument.ts';
import { printableText } from '../oci/printable-text.ts';
import { CannotWriteError } from '../storage/filesystem/published-file.ts';
import { StorageError } from '../storage/storage-error.ts';
import { TlsFileError } from '../tls/tls-file-error.ts';
import { WorkerFailedError } from '../workers/worker-failed-error.ts';

/** 0 is success. */
export const exitCodes = { failure: 1, usage: 2 } as const;

export interface Failure {
  readonly message: string;
  readonly exitCode: number;
}

/** A failure that the command itself explains. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** Somebody stopped it; the message says how to go on. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
  /** What a shell gives to the signal: 130 for Ctrl-C. */
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Undefined for what nobody foresaw: that deserves its stack. Messages may quote arguments and files: they are made printable. */
export function failureOf(error: unknown): Failure | undefined {
  if (error instanceof ConfigError) return { message: error.message, exitCode: exitCodes.usage };
  if (error instanceof TlsFileError) return failure(error.message, exitCodes.usage);
  if (error instanceof MountArgumentError) return failure(error.message, exitCodes.usage);
  if (error instanceof InterruptedError) return failure(error.message, error.exitCode);
  if (error instanceof WorkerFailedError) return failure(error.message, error.exitCode);
  if (error instanceof CannotWriteError) return failure(error.message, exitCodes.failure);
  if (error instanceof CommandError) return failure(error.message, exitCodes.failure);
  if (error instanceof StorageError) return failure(storageMessage(error), exitCodes.failure);
  return undefined;
}

export function failure(message: string, exitCode: number): Failure {
  return { message: printableText(message), exitCode };
}

/** What is not what it should be names itself: a file that is no archive, a root that is no directory. */
function storageMessage({ failure, message }: StorageError): string {
  return failure === 'unsafe' ? message : `cannot use the storage: ${message}`;
}
