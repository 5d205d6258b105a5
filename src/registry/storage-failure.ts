// What the storage throws passes through the registry to http, which answers it: the one name that http needs from further down.
export { StorageError } from '../storage/storage-error.ts';
