// What a collection tells while it runs.
import type { Collected } from '../layout/collection/collected.ts';
import type { Retained } from '../layout/retention/retained.ts';

export interface CollectionEvents {
  readonly onDeleted: (deletion: Collected) => void;
  /** Tags and manifests that no rule keeps; in a dry run every decision. */
  readonly onRetained: (retained: Retained) => void;
  /** What is odd about the rules. */
  readonly onOdd: (warning: string) => void;
  /** Why a repository was left as it is. */
  readonly onSkipped: (repository: string, why: string) => void;
  /** Another process collects there, or was killed while it did; told once, with how long it is waited for at most. */
  readonly onWaiting: (mostMs: number) => void;
  /** So many repositories were looked through. */
  readonly onProgress: (repositories: number) => void;
}

/** For whoever wants to know only some of it. */
export const untold: CollectionEvents = {
  onDeleted: () => {},
  onRetained: () => {},
  onOdd: () => {},
  onSkipped: () => {},
  onWaiting: () => {},
  onProgress: () => {},
};
