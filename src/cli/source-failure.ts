// Why a registry, a path or an image could not be read, as one line and an exit code.
import { RegistryError } from '../oci/error-code.ts';
import { RemoteError } from '../remote/remote-error.ts';
import { SourceError } from '../transfer/source-error.ts';
import { WrongReferenceError } from '../transfer/source-reference.ts';
import { exitCodes, type Failure, failure } from './failure.ts';

/** Undefined for what nobody foresaw. */
export function sourceFailureOf(error: unknown): Failure | undefined {
  if (error instanceof WrongReferenceError) return failure(error.message, exitCodes.usage);
  if (error instanceof SourceError || error instanceof RemoteError || error instanceof RegistryError) {
    return failure(error.message, exitCodes.failure);
  }
  return undefined;
}
