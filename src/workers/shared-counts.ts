// What each worker counts is told to the others: limits are of the server. What two count in the same millisecond neither knows of the
// other yet: a client may have some requests or connections more than it should, never a share for each worker.
import type { CountSharing } from '../http/count-sharing.ts';
import type { WorkerLink } from './worker-link.ts';

export function sharedCounts(link: WorkerLink<unknown>, topic: string): CountSharing {
  const { exchange, order } = link;
  return {
    tell: (key, count) => exchange.tell(topic, [key, count]),
    listen: (listener) => {
      exchange.listen(topic, (news, from) => {
        const [key, count] = news as [string, number];
        listener(key, count, from);
      });
    },
    onOthers: (listener) => {
      link.onMembers((members) => {
        listener(new Set(members.map(({ number }) => number).filter((number) => number !== order.number)));
      });
    },
  };
}
