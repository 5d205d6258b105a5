// A directory that cannot be listed at some moment, for want of descriptors or since the disk fails: whoever goes through all of a root says
// that it was not looked at.
import { expect, it } from 'vitest';
import { summaryOf } from '../../../src/cli/findings-text.ts';
import { untold } from '../../../src/registry/collection-events.ts';
import { verify } from '../../../src/verification/verify.ts';
import { failure } from '../../support/simulated-disk/disk-node.ts';
import { pushesImage } from '../../support/simulated-disk/operations.ts';
import { type Running, rootOnDisk, startOn } from '../../support/simulated-disk/registry-on-disk.ts';
import { image } from '../../support/simulated-disk/scenarios.ts';
import { SimulatedDisk } from '../../support/simulated-disk/simulated-disk.ts';

async function pushed() {
  const fault = { path: '' };
  const before = (call: string, path: string) => {
    if (call !== 'open' || path !== fault.path) return;
    fault.path = '';
    throw failure('EMFILE', call, path);
  };
  const disk = new SimulatedDisk({ nowMs: 1_750_000_000_000, before });
  const running = await startOn(disk, false);
  for (const name of ['team/app', 'team/other']) {
    for (const operation of pushesImage(name, 'v1', image('one'))) await operation.run(running.registry, running);
  }
  const failOnce = (below: string) => {
    fault.path = `${rootOnDisk}/${below}`;
  };
  return { running, failOnce };
}

function verified({ mount, rules, clock }: Running, within?: string) {
  return verify({
    target: { path: undefined, within, reference: undefined },
    where: rootOnDisk,
    rules,
    // Without its path: whoever lists the directory there would list that of this machine.
    openToRead: async () => [{ ...mount, path: '' }],
    repair: undefined,
    now: clock.now,
    progress: undefined,
  });
}

it('a verification does not pass over it', async () => {
  const { running, failOnce } = await pushed();
  const { parts: whole } = await verified(running);
  expect(whole.map(({ name }) => name)).toEqual(['team/app', 'team/other']);
  failOnce('team/app');
  const { parts } = await verified(running);
  expect(parts.map(({ name }) => name)).toEqual(['', 'team/other']);
  expect(parts[0]?.findings[0]?.findings[0]).toMatchObject({ code: 'unreadable-file', path: 'team/app' });
  expect(summaryOf(parts).errors).toBe(1);
  await running.close();
});

it('a verification of what lies below it says that, and not that nothing is there', async () => {
  const { running, failOnce } = await pushed();
  failOnce('team');
  const { parts } = await verified(running, 'team/app');
  expect(parts.map(({ findings }) => findings[0]?.findings[0]?.path)).toEqual(['team']);
  await running.close();
});

it('a collection names it', async () => {
  const { running, failOnce } = await pushed();
  const collected = async () => {
    failOnce('team/app');
    const skipped: string[] = [];
    const [outcome] = await running.registry.collect({
      ...{ dryRun: false, onlyPushed: false, graceMs: 0, isMeant: undefined, signal: new AbortController().signal },
      ...untold,
      onSkipped: (repository, why) => skipped.push(`${repository}: ${why}`),
    });
    return { skipped, outcome };
  };
  // Again where the one that could not look was the check after the push.
  await expect.poll(collected, { timeout: 60_000 }).toMatchObject({
    skipped: [expect.stringMatching(/^team\/app: EMFILE/)],
    outcome: { totals: { skipped: 1 } },
  });
  await running.close();
});
