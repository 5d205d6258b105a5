// What can go wrong below the seam, in words that are the same for every driver. Errno never passes above storage.

/**
 * - `no-space`: the device or quota is full
 * - `read-only`: the store, or this part of it, cannot be written by us
 * - `too-large`: the object is larger than the caller's limit
 * - `unsafe`: something that is not a regular object stands in the way (a symbolic link, a device)
 * - `unavailable`: it may work later (I/O error, a lock that could not be taken, too many open files)
 */
export type StorageFailure = 'no-space' | 'read-only' | 'too-large' | 'unsafe' | 'unavailable';

export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly failure: StorageFailure;

  /** `message` is for the log and may name keys; clients never see it. */
  constructor(failure: StorageFailure, message: string, cause?: unknown) {
    super(message, { cause });
    this.failure = failure;
  }
}

/** Something of an upload of that id is there: somebody goes on with it, or commits it, or was killed while he did. */
export class UploadExistsError extends StorageError {
  constructor(id: string, cause?: unknown) {
    super('unsafe', `upload ${id} exists`, cause);
  }
}

/** True for the refusal of something that there was no room for. */
export function meansNoSpace(error: unknown): boolean {
  return error instanceof StorageError && error.failure === 'no-space';
}
