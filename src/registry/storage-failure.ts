// What the storage may throw through the registry, for the places that answer it.
export { meansNoSpace, StorageError, type StorageFailure } from '../storage/storage-error.ts';
