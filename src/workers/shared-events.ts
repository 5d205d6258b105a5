// What happened in one worker, for those who listen to another one; where nobody listens nothing is said.
import type { EventSharing } from '../events/event-sharing.ts';
import type { RegistryEvent } from '../events/registry-event.ts';
import { type Clock, systemClock } from '../storage/clock.ts';
import type { MessageExchange } from './message-exchange.ts';

const happened = 'events';
const wanted = 'events wanted';
/** Whoever listens is cut off every few minutes and comes back, perhaps to another worker: what happens in between is not to be missed. */
const wantedForMs = 10 * 60_000;

export function sharedEvents(
  exchange: Pick<MessageExchange, 'tell' | 'listen'>,
  clock: Pick<Clock, 'elapsed'> = systemClock,
): EventSharing {
  let wantedUntilMs = Number.NEGATIVE_INFINITY;
  exchange.listen(wanted, () => {
    wantedUntilMs = clock.elapsed() + wantedForMs;
  });
  return {
    want: () => exchange.tell(wanted, undefined),
    tell: (events) => {
      if (clock.elapsed() < wantedUntilMs) exchange.tell(happened, events);
    },
    listen: (listener) => exchange.listen(happened, (news) => listener(news as readonly RegistryEvent[])),
  };
}
