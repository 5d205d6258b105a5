// The processes that are one server together, as one of them sees it: what it shares with the others, and what it leaves to them.
import type { Server } from 'node:net';
import type { PasswordSharing } from './auth/htpasswd/password-sharing.ts';
import type { EventSharing } from './events/event-sharing.ts';
import type { SharedLimits } from './http/count-sharing.ts';
import type { EditOwners } from './layout/changes/edit-owners.ts';
import type { MetricsSharing } from './metrics/metrics-sharing.ts';
import type { Registry } from './registry/registry.ts';
import type { UploadSharers } from './registry/upload-sharers.ts';
import type { ReadSharing } from './storage/filesystem/read-sharing.ts';

export interface ServerGroup {
  /** How many there are: what one server may hold in memory is divided by it. */
  readonly size: number;
  /** What these processes know and nobody else; undefined: there is one. */
  readonly secret: Uint8Array | undefined;
  /** Who commits the edits of which layout; undefined: this process does. */
  readonly owners: EditOwners | undefined;
  /** Who may have the uploads that this process goes on with; undefined: nobody else. */
  readonly sharers: UploadSharers | undefined;
  /** What is counted over all of them; undefined: this process counts. */
  readonly limits: SharedLimits | undefined;
  /** True for one of them: what each finds out by itself is said once. */
  speaks(): boolean;
  /** Who checks passwords; undefined: this process does. */
  readonly passwords: PasswordSharing | undefined;
  /** What another process read of the CAs of clients; undefined: there is none. */
  readonly authorities: ReadSharing | undefined;
  /** What the others count; undefined: there are none. */
  readonly metrics: MetricsSharing | undefined;
  /** Hands what happened here to the others; undefined: there are none. */
  readonly events: EventSharing | undefined;
  /** True for one of them: it has the listeners that no other process has a part in. */
  readonly opensOwnListeners: boolean;
  /** Lets the others reach what this process serves, and the parent know what comes to its server, before it listens. */
  join(registry: Registry, server: Server): void;
}

/** One process, as nearly everywhere: nothing is shared, and nothing costs anything. */
export const alone: ServerGroup = {
  size: 1,
  secret: undefined,
  owners: undefined,
  sharers: undefined,
  limits: undefined,
  passwords: undefined,
  authorities: undefined,
  metrics: undefined,
  events: undefined,
  opensOwnListeners: true,
  speaks: () => true,
  join: () => {},
};
