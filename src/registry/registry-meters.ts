// What a registry tells whoever counts what it does by itself, beside requests.
import { type ChangeMeters, noChangeMeters } from '../layout/changes/change-meters.ts';

export interface UpkeepMeters {
  /** A collection of a mount ended by itself, after so long, and freed so much. */
  readonly collected: (ms: number, freedBytes: number) => void;
  readonly collectionFailed: () => void;
  /** The scrub read a file; false: it does not hold what its name says, or cannot be read. */
  readonly scrubbed: (bytes: number, isRight: boolean) => void;
}

export type RegistryMeters = ChangeMeters & UpkeepMeters;

export const noRegistryMeters: RegistryMeters = {
  ...noChangeMeters,
  collected: () => {},
  collectionFailed: () => {},
  scrubbed: () => {},
};
