// Errors that one process of the server refuses another one with, as plain data, and made again: what clients are told is the same
// wherever it was found out.
import { type ErrorCode, RegistryError } from '../oci/error-code.ts';
import { isError } from '../oci/is-error.ts';
import { PreconditionFailedError } from '../oci/precondition.ts';
import type { Tag } from '../oci/reference.ts';
import { TagProtectedError } from '../oci/tag-protection.ts';
import { StorageError, type StorageFailure } from '../storage/storage-error.ts';
import type { CrossingError } from './messages.ts';

export function crossing(thrown: unknown): CrossingError {
  const message = isError(thrown) ? thrown.message : String(thrown);
  if (thrown instanceof TagProtectedError) return { kind: 'protected', message, details: [thrown.tag, thrown.reason] };
  if (thrown instanceof PreconditionFailedError)
    return { kind: 'precondition', message, details: thrown.entries[0]?.detail ?? '' };
  if (thrown instanceof RegistryError) {
    const { code, status, headers, entries } = thrown;
    return { kind: 'registry', message, details: { code, status, headers, ...entries[0] } };
  }
  if (thrown instanceof StorageError) return { kind: 'storage', message, details: thrown.failure };
  return { kind: 'other', message, details: isError(thrown) ? thrown.stack : undefined };
}

export function received({ kind, message, details }: CrossingError): Error {
  switch (kind) {
    case 'protected':
      return new TagProtectedError(...(details as [Tag, string]));
    case 'precondition':
      return new PreconditionFailedError(details as string);
    case 'registry': {
      const { code, ...options } = details as { readonly code: ErrorCode; readonly status: number };
      return new RegistryError(code, options);
    }
    case 'storage':
      return new StorageError(details as StorageFailure, message);
    default:
      return new Error(message, { cause: details });
  }
}
