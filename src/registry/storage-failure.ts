// What the storage may throw through the registry, for the one place that turns errors into answers.
export { StorageError, type StorageFailure } from '../storage/storage-error.ts';
