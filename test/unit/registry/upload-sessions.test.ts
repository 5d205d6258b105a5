// The sessions of a process beside others: what it holds for those that another one ended.
import { expect, it } from 'vitest';
import { parseRepositoryName, type RepositoryName } from '../../../src/oci/reference.ts';
import { GatherBudget } from '../../../src/registry/gathered-body.ts';
import { Quotas, RepositoryQuotas } from '../../../src/registry/quota/quotas.ts';
import { UploadSessions } from '../../../src/registry/upload-sessions.ts';
import { systemClock } from '../../../src/storage/clock.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import { chunkOf } from '../../support/pushes.ts';

class WatchedQuotas extends RepositoryQuotas {
  readonly held = new Map<string, number>();

  override holds(bringer: string, bytes: number): void {
    this.held.set(bringer, bytes);
  }
}

it('the room of an upload that another process ended is free with the next sweep', async () => {
  const store = new MemoryStore();
  const watched = new WatchedQuotas(() => [], parseRepositoryName('team/app'));
  class OneQuota extends Quotas {
    override of(): RepositoryQuotas {
      return watched;
    }
  }
  const rules = { uploadsExpireAfterMs: 60_000, uploadsPerUser: 'off', unfinishedBytesPerUser: 'off' } as const;
  const quotas = new OneQuota([], () => [], systemClock);
  const sessions = new UploadSessions({
    store,
    clock: systemClock,
    rules,
    owner: 'one',
    quotas,
    budget: new GatherBudget(),
  });
  const place = { repository: 'team/app' as RepositoryName, uploader: undefined };
  const { id } = await sessions.start(place, 'sha256');
  await sessions.take(place, id, (held) => held.append(chunkOf(Buffer.from('bytes')), 0));
  watched.holds(id, 5);
  await sessions.sweep({ since: () => 0 });
  expect(watched.held.get(id)).toBe(5);
  await (await store.resume(id))?.discard();
  await sessions.sweep({ since: () => 0 });
  expect(watched.held.get(id)).toBe(0);
});
