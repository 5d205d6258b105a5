// What storage tells whoever counts how it fares: plain numbers at the few places where a disk or another process is waited for.

/** Durations are in milliseconds. */
export interface StorageMeters {
  /** A lock that processes share was taken, after so long. */
  readonly lockWaited: (ms: number) => void;
  /** A file or a directory was synced, or could not be, after so long. */
  readonly synced: (ms: number, isDone: boolean) => void;
}

export const noStorageMeters: StorageMeters = { lockWaited: () => {}, synced: () => {} };
