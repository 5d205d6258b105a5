// What one worker shares with the others of its server.
import type { ServerGroup } from './server-group.ts';
import { SharedEdits } from './workers/shared-edits.ts';
import type { WorkerLink } from './workers/worker-link.ts';

export function groupOf(link: WorkerLink<unknown>): ServerGroup {
  const edits = new SharedEdits(link);
  return { size: link.order.workers, owners: edits, join: (registry) => edits.serve(registry) };
}
