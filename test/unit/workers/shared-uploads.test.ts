// Uploads that several workers go on with, over what channels would carry: never two of them at once.
import { setImmediate as turn } from 'node:timers/promises';
import { deserialize, serialize } from 'node:v8';
import { expect, it, onTestFinished } from 'vitest';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import { Registry } from '../../../src/registry/registry.ts';
import type { UploadSessions } from '../../../src/registry/upload-sessions.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import { MessageExchange } from '../../../src/workers/message-exchange.ts';
import { type Letter, parentNumber } from '../../../src/workers/messages.ts';
import { arbitrateUploads, SharedUploads } from '../../../src/workers/shared-uploads.ts';
import type { WorkerLink } from '../../../src/workers/worker-link.ts';
import { mountOver } from '../../support/mounts.ts';
import { chunkOf } from '../../support/pushes.ts';
import { RecordedLog } from '../../support/registry-under-test.ts';
import { defaultRules } from '../../support/rules.ts';
import { TestClock } from '../../support/test-clock.ts';

const place = { repository: parseRepositoryName('team/app'), uploader: undefined };
const workers = [1, 2];

/** The sessions of two workers of one server. */
function severalWorkers(): readonly UploadSessions[] {
  const exchanges = new Map<number, MessageExchange>();
  const post = (letters: readonly Letter[]) => {
    for (const number of [parentNumber, ...workers]) {
      const own = letters.filter(({ from, to }) => to === number || (to === 'others' && from !== number && number > 0));
      for (const letter of deserialize(serialize(own)) as readonly Letter[]) exchanges.get(number)?.receive(letter);
    }
  };
  for (const number of [parentNumber, ...workers]) exchanges.set(number, new MessageExchange(number, post));
  arbitrateUploads(exchanges.get(parentNumber) as MessageExchange, () => workers);
  const [store, clock, rules] = [new MemoryStore(), new TestClock(), { ...defaultRules, uploadsExpireAfterMs: 60_000 }];
  return workers.map((number) => {
    const link = { exchange: exchanges.get(number), order: { server: 'server' } } as WorkerLink<unknown>;
    const sharers = new SharedUploads(link);
    const registry = new Registry({ mounts: [mountOver(store, {})], log: new RecordedLog(), clock, rules, sharers });
    onTestFinished(() => registry.close());
    sharers.serve(registry);
    return registry.sessionsOf('') as UploadSessions;
  });
}

it('an upload that many requests want at once is held by one of them', async () => {
  const sessions = severalWorkers();
  const [one] = sessions as [UploadSessions];
  const { id } = await one.start(place, 'sha256');
  await one.take(place, id, (held) => held.append(chunkOf(Buffer.from('0123')), 0));
  let holders = 0;
  let most = 0;
  const request = (of: UploadSessions) =>
    of.take(place, id, async () => {
      holders += 1;
      most = Math.max(most, holders);
      for (let at = 0; at < 5; at += 1) await turn();
      holders -= 1;
    });
  const clients = [...sessions, ...sessions, ...sessions].map(async (of) => {
    for (let at = 0; at < 10; at += 1) await request(of);
  });
  await Promise.all(clients);
  expect(most).toBe(1);
});

it('an upload that another worker began while a request waited is asked of that one', async () => {
  const [one, two] = severalWorkers() as [UploadSessions, UploadSessions];
  const { id } = await one.start(place, 'sha256');
  const holders: string[] = [];
  const seen: string[] = [];
  let isBegun: () => void = () => {};
  const begun = new Promise<void>((resolve) => {
    isBegun = resolve;
  });
  const holding = (who: string, until: () => Promise<unknown>) => async () => {
    holders.push(who);
    seen.push(holders.join(' '));
    await until();
    holders.splice(holders.indexOf(who), 1);
  };
  // It holds what has no bytes, as a small blob does that has not come yet.
  const first = two.take(place, id, () => begun);
  await turn();
  const second = one.take(place, id, async (held) => {
    await held.append(chunkOf(Buffer.from('0123')), 0);
    await holding('one', async () => {
      isBegun();
      for (let at = 0; at < 20; at += 1) await turn();
    })();
  });
  const third = two.take(place, id, holding('two', turn));
  await Promise.all([first, second, third]);
  expect(seen).toEqual(['one', 'two']);
});
