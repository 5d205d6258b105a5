// What happened in one worker, for those who listen to another one.
import type { EventSharing } from '../events/event-sharing.ts';
import type { LiveEvent } from '../http/live-events.ts';
import type { MessageExchange } from './message-exchange.ts';

const topic = 'events';

export function sharedEvents(exchange: Pick<MessageExchange, 'tell' | 'listen'>): EventSharing {
  return {
    tell: (events) => exchange.tell(topic, events),
    listen: (listener) => exchange.listen(topic, (news) => listener(news as readonly LiveEvent[])),
  };
}
