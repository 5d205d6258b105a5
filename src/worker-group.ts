// What one worker shares with the others of its server.
import type { ServerGroup } from './server-group.ts';
import { countClosed } from './workers/closed-connections.ts';
import { sharedCounts } from './workers/shared-counts.ts';
import { SharedEdits } from './workers/shared-edits.ts';
import { sharedEvents } from './workers/shared-events.ts';
import { SharedMetrics } from './workers/shared-metrics.ts';
import { SharedPasswords } from './workers/shared-passwords.ts';
import { sharedReads } from './workers/shared-reads.ts';
import { SharedUploads } from './workers/shared-uploads.ts';
import type { WorkerLink } from './workers/worker-link.ts';

export function groupOf(link: WorkerLink<unknown>): ServerGroup {
  const owners = new SharedEdits(link);
  const sharers = new SharedUploads(link);
  return {
    ...{ size: link.order.workers, secret: link.order.secret },
    ...{ owners, sharers, passwords: new SharedPasswords(link) },
    authorities: sharedReads(link.exchange, 'client authorities'),
    metrics: new SharedMetrics(link),
    events: sharedEvents(link.exchange),
    // Whoever replaces it gets its place.
    opensOwnListeners: link.order.place === 0,
    speaks: () => link.isFirst,
    limits: { requests: sharedCounts(link, 'requests'), connections: sharedCounts(link, 'connections') },
    join: (registry, server) => {
      countClosed(server, (closed) => link.closed(closed));
      owners.serve(registry);
      sharers.serve(registry);
    },
  };
}
