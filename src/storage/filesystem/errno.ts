// What the operating system's error numbers mean to the seam: the only file that spells them as failures.

import { isError } from '../../oci/is-error.ts';
import { meansNoSpace, StorageError, type StorageFailure } from '../storage-error.ts';

export type Intent = 'read' | 'write';

/** For a reader all of these say that there is no regular object under the key. ENXIO: a socket, or a FIFO without a writer. */
const absentCodes = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO']);

/** Hard links that this file system, or this pair of directories, does not do: copy instead. */
const linkRefusals = new Set(['EXDEV', 'EMLINK', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** To whoever opens a file: its mode was changed, or somebody holds a lease of it (Samba's oplocks) and it was not waited for. */
const openRefusals = new Set(['EACCES', 'EPERM', 'EAGAIN', 'ETXTBSY']);

const noSpace = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const forbidden = new Set(['EROFS', 'EACCES', 'EPERM']);
const inTheWay = new Set(['ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EISDIR', 'ENOTEMPTY', 'EEXIST', 'ENXIO']);

/** The code of a system error; undefined for every other thrown value. */
export function errnoOf(error: unknown): string | undefined {
  if (!isError(error) || !('syscall' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

export function meansAbsent(error: unknown): boolean {
  return absentCodes.has(errnoOf(error) ?? '');
}

/** Of a system error, or of one that was translated already. */
export function saysNoSpace(error: unknown): boolean {
  return meansNoSpace(error) || noSpace.has(errnoOf(error) ?? '');
}

export function refusesLink(error: unknown): boolean {
  return linkRefusals.has(errnoOf(error) ?? '');
}

export function refusesOpening(error: unknown): boolean {
  return openRefusals.has(errnoOf(error) ?? '');
}

/** A system error as a StorageError; anything else, such as what a caller's own function threw, is returned as it is. */
export function toStorageError(error: unknown, intent: Intent): unknown {
  const code = errnoOf(error);
  if (code === undefined || !isError(error)) return error;
  return new StorageError(failureOf(code, intent), error.message, error);
}

/** What the system refuses to `work` is thrown as a StorageError. */
export async function translated<Result>(intent: Intent, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw toStorageError(error, intent);
  }
}

function failureOf(code: string, intent: Intent): StorageFailure {
  if (noSpace.has(code)) return 'no-space';
  // A reader that may not read: say so, never "absent", or a wrong owner would look like an empty registry.
  if (forbidden.has(code)) return intent === 'write' ? 'read-only' : 'unavailable';
  return inTheWay.has(code) ? 'unsafe' : 'unavailable';
}
