// What a registry does by itself about uploads, under a clock that jumps.

import { describe, expect, it, onTestFinished } from 'vitest';
import { newWritingProcess } from '../../../src/layout/changes/writing-process.ts';
import { createManifestCaches } from '../../../src/layout/manifests/manifest-caches.ts';
import { BackgroundWork } from '../../../src/layout/pacing/background-work.ts';
import { newUploadId } from '../../../src/oci/upload-id.ts';
import { MountedLayouts } from '../../../src/registry/mounted-layouts.ts';
import { Upkeep } from '../../../src/registry/upkeep.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import type { Key } from '../../../src/storage/object-store.ts';
import { imageManifest } from '../../support/content.ts';
import { mountOver } from '../../support/mounts.ts';
import { noQuotas } from '../../support/no-quotas.ts';
import { defaultRules } from '../../support/rules.ts';
import { silentLog } from '../../support/silent-log.ts';
import { TestClock } from '../../support/test-clock.ts';

const hour = 3_600_000;
const year = 365 * 24 * hour;

async function kept() {
  const clock = new TestClock();
  let stampMs: number | undefined;
  const store = new MemoryStore(() => stampMs ?? clock.now());
  const background = new BackgroundWork(silentLog);
  const rules = { ...defaultRules, uploadsExpireAfterMs: hour };
  const shared = {
    caches: createManifestCaches(),
    clock,
    log: silentLog,
    process: newWritingProcess(),
    rules,
    checkedAtOnceBytes: 1,
    quotas: noQuotas,
    background,
  };
  const mounted = new MountedLayouts(mountOver(store), shared);
  const upkeep = new Upkeep({ mounts: [mounted], background, clock, log: silentLog, rules });
  onTestFinished(async () => {
    await upkeep.close();
    await background.close();
    await mounted.close();
  });
  await upkeep.sweep();
  const staged = await store.stage(newUploadId(), {});
  const touch = async (atMs: number) => {
    stampMs = atMs;
    await staged.setAttributes({});
    stampMs = undefined;
  };
  const uploads = async () => (await store.staged()).length;
  return { clock, upkeep, uploads, touch, mounted, store };
}

describe('an unfinished upload', () => {
  it('goes once nobody touched it for long enough', async () => {
    const { clock, upkeep, uploads } = await kept();
    clock.advance(hour - 1_000);
    await upkeep.sweep();
    expect(await uploads()).toBe(1);
    clock.advance(2_000);
    await upkeep.sweep();
    expect(await uploads()).toBe(0);
  });

  it('goes also where its last stamp is later than the uptime tells, before the clock was set back', async () => {
    const { clock, upkeep, uploads, touch } = await kept();
    await touch(clock.now() + 40);
    clock.step(-year);
    await upkeep.sweep();
    clock.advance(hour + 60_000);
    await upkeep.sweep();
    expect(await uploads()).toBe(0);
  });

  it.each([3 * year, -3 * year])('goes neither earlier nor later where the clock is set by %s ms', async (ms) => {
    const { clock, upkeep, uploads } = await kept();
    clock.step(ms);
    await upkeep.sweep();
    expect(await uploads()).toBe(1);
    clock.advance(hour - 60_000);
    await upkeep.sweep();
    expect(await uploads()).toBe(1);
    clock.advance(10 * 60_000);
    await upkeep.sweep();
    expect(await uploads()).toBe(0);
  });
});

describe('a manifest that was deleted', () => {
  const image = imageManifest({ layers: [] });
  const key = `.moorage/history/app/.manifests/${image.digest.replace(':', '/')}` as Key;

  it('goes also where nothing is collected, once this process saw that its time is over', async () => {
    const { clock, upkeep, store, mounted } = await kept();
    await store.write('app/index.json' as Key, Buffer.from('{"schemaVersion":2,"manifests":[]}'));
    await store.write(key, image.bytes);
    const isThere = async () => (await store.stat(key)) !== undefined;
    expect(mounted.collected).toBeUndefined();
    // A clock that jumps is no time.
    clock.step(year);
    clock.advance(defaultRules.keepLeftMs - hour);
    await upkeep.sweep();
    expect(await isThere()).toBe(true);
    clock.step(-year);
    clock.advance(2 * hour);
    await upkeep.sweep();
    expect(await isThere()).toBe(false);
  });
});
