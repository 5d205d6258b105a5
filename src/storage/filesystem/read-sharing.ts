// Where several processes are one server, what one of them read of a file that an operator may change is told to the others: what was taken
// out of it is so for all of them, also for one that looked only when the file was broken.

/** A version of the file that was whole. */
export interface ReadFile {
  readonly bytes: Uint8Array;
  readonly changedAtNs: bigint;
}

export interface ReadSharing {
  /** To the others. */
  tell(read: ReadFile): void;
  listen(listener: (read: ReadFile) => void): void;
}
