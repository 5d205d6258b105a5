// What one worker shares with the others of its server.
import type { ServerGroup } from './server-group.ts';
import { SharedEdits } from './workers/shared-edits.ts';
import { SharedUploads } from './workers/shared-uploads.ts';
import type { WorkerLink } from './workers/worker-link.ts';

export function groupOf(link: WorkerLink<unknown>): ServerGroup {
  const owners = new SharedEdits(link);
  const sharers = new SharedUploads(link);
  return {
    ...{ size: link.order.workers, owners, sharers },
    join: (registry) => {
      owners.serve(registry);
      sharers.serve(registry);
    },
  };
}
