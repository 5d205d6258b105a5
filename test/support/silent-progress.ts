// For tests that want the report of a copy only.
import type { CopyProgress } from '../../src/transfer/progress.ts';

export const noProgress: CopyProgress = {
  blobsExpected: () => {},
  blobStarted: () => {},
  blobAdvanced: () => {},
  blobFinished: () => {},
  manifestFinished: () => {},
  note: () => {},
};
