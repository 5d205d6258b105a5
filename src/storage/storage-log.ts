// What a storage driver has to say to the operator; the composition root gives it a logger. Storage does not know observability.

export interface StorageLog {
  /** Something that an operator may have to look at. `details` are plain values: keys, paths, times. */
  warn(message: string, details: object): void;
}
