// What cannot be read of one thing among many is said beside it, and the others are shown.
import { RegistryError } from '../oci/error-code.ts';
import { StorageError } from '../storage/storage-error.ts';

/** `otherwise` is told why, in words for a person who may be a stranger: no path, no system's error. Anything else is thrown. */
export async function unlessUnreadable<Result>(
  read: () => Promise<Result>,
  otherwise: (why: string) => Result,
): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof RegistryError) return otherwise(error.message);
    if (error instanceof StorageError) return otherwise('it cannot be read now');
    throw error;
  }
}
