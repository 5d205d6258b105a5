// What a program may rely on that closes its registry and then removes the directory.
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ownFactsDirectory } from '../../../src/layout/files/keys.ts';
import { openFilesystemStore } from '../../../src/storage/filesystem/filesystem-store.ts';
import { systemCalls } from '../../../src/storage/filesystem/system-calls.ts';
import { imageManifest, referrerOf } from '../../support/content.ts';
import { CountedCalls } from '../../support/counted-calls.ts';
import { pushImage, pushManifest } from '../../support/pushes.ts';
import { RecordedLog, registryOver } from '../../support/registry-under-test.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { TestClock } from '../../support/test-clock.ts';

/** Longer than any of our timers that write waits: facts, times of pulls, locks that are kept. */
const restMs = 700;

it.each([0, 15, 30, 490, 505, 520, 540])(
  'touches no file once it is closed, %i ms after the last request, on a slow disk',
  async (afterMs) => {
    const slowly = async <Result>(call: () => Promise<Result>): Promise<Result> => {
      await sleep(20);
      return call();
    };
    const counts = new CountedCalls({
      readdir: (path) => slowly(() => systemCalls.readdir(path)),
      unlink: (path) => slowly(() => systemCalls.unlink(path)),
      fsync: (descriptor) => slowly(() => systemCalls.fsync(descriptor)),
    });
    const root = await temporaryDirectory();
    const log = new RecordedLog();
    const store = await openFilesystemStore(root, { log, calls: counts.calls });
    const facts = { store, directory: ownFactsDirectory };
    const { registry, repository } = registryOver(store, new TestClock(), {}, log, { facts });
    await registry.start();
    const image = imageManifest();
    await pushImage(repository(), image, 'v1');
    const referrer = referrerOf(image, 'application/vnd.example.sbom');
    await pushManifest(repository(), referrer.digest, referrer);
    await repository().referrers.list(image.digest, { artifactTypes: [] });
    await sleep(afterMs);
    await registry.close();
    rmSync(root, { recursive: true });
    counts.reset();
    await sleep(restMs);
    expect(Object.fromEntries(counts.others)).toEqual({});
  },
);
