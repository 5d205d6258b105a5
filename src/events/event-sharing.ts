// How the processes of one server tell each other what happened, so that whoever listens to one of them hears of all.
import type { RegistryEvent } from './registry-event.ts';

export interface EventSharing {
  /** Somebody listens here: the others tell what happens, for some minutes from now. */
  want(): void;
  /** To those that want to know. */
  tell(events: readonly RegistryEvent[]): void;
  /** What the others tell. */
  listen(listener: (events: readonly RegistryEvent[]) => void): void;
}
