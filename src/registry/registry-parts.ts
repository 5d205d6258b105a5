// What a registry is made of, and what it shares with the other processes of its server.
import type { EditOwners } from '../layout/changes/edit-owners.ts';
import type { Clock } from '../storage/clock.ts';
import type { Log } from '../storage/log.ts';
import type { RequestTurns } from '../storage/request-turns.ts';
import type { LayoutRules } from './layout-rules.ts';
import type { Mount } from './mount.ts';
import type { RegistryDesk } from './registry-desk.ts';
import type { RegistryMeters } from './registry-meters.ts';
import type { UploadSharers } from './upload-sharers.ts';

export interface RegistryParts {
  readonly mounts: readonly Mount[];
  readonly log: Log;
  readonly rules: LayoutRules;
  /** For tests, which have no large blobs: larger ones are hashed while they are sent, or in the background. */
  readonly checkedAtOnceBytes?: number;
  readonly clock?: Clock;
  readonly turns?: RequestTurns;
  /** Where several processes are one server. */
  readonly owners?: EditOwners | undefined;
  readonly sharers?: UploadSharers | undefined;
  /** How many they are: what a server keeps in memory is divided by it. */
  readonly processes?: number;
  /** Undefined: nobody counts. */
  readonly meters?: RegistryMeters | undefined;
  /** Undefined: nobody wants to know what changes. */
  readonly desk?: RegistryDesk | undefined;
}
