// What would be refused, as absent.
import { RegistryError } from '../oci/error-code.ts';
import { StorageError } from '../storage/storage-error.ts';

/** Undefined for what a client would be refused: for whoever only looks whether it is there. */
export async function unlessRefused<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

/** What is wrong with the storage is told elsewhere. */
export async function unlessUnavailable<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof StorageError) return undefined;
    throw error;
  }
}
