// Why a registry, a path or an image could not be read, as one line and an exit code.
import { RegistryError } from '../oci/error-code.ts';
import { printableText } from '../oci/printable-text.ts';
import { RemoteError } from '../remote/remote-error.ts';
import { SourceError } from '../transfer/source-error.ts';
import { WrongReferenceError } from '../transfer/source-reference.ts';
import { exitCodes, type Failure } from './failure.ts';

/** Undefined for what nobody foresaw. Messages may quote a registry: they are made printable. */
export function sourceFailureOf(error: unknown): Failure | undefined {
  if (error instanceof WrongReferenceError) return failure(error.message, exitCodes.usage);
  if (error instanceof SourceError || error instanceof RemoteError || error instanceof RegistryError) {
    return failure(error.message, exitCodes.failure);
  }
  return undefined;
}

function failure(message: string, exitCode: number): Failure {
  return { message: printableText(message), exitCode };
}
