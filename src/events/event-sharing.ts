// How the processes of one server tell each other what happened, so that whoever listens to one of them hears of all.
import type { LiveEvent } from '../http/live-events.ts';

export interface EventSharing {
  tell(events: readonly LiveEvent[]): void;
  /** What the others tell. */
  listen(listener: (events: readonly LiveEvent[]) => void): void;
}
