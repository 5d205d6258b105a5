// What the storage throws reaches http through the registry, which answers in between: the one name that http needs of it.
export { StorageError } from '../storage/storage-error.ts';
