// What a worker read of a file that an operator may change, for the others.
import type { ReadFile, ReadSharing } from '../storage/filesystem/read-sharing.ts';
import type { MessageExchange } from './message-exchange.ts';

export function sharedReads(exchange: MessageExchange, topic: string): ReadSharing {
  return {
    tell: (read) => exchange.tell(topic, read),
    listen: (listener) => exchange.listen(topic, (news) => listener(news as ReadFile)),
  };
}
