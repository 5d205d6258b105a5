// A registry on a simulated disk: begun, used and recorded, and begun again on what a power cut left.
import { ownFactsDirectory } from '../../../src/layout/files/keys.ts';
import type { OpenedMount } from '../../../src/mounts/opened-mount.ts';
import type { LayoutRules } from '../../../src/registry/layout-rules.ts';
import { Registry } from '../../../src/registry/registry.ts';
import type { Clock } from '../../../src/storage/clock.ts';
import { openFilesystemStore } from '../../../src/storage/filesystem/filesystem-store.ts';
import { defaultRules } from '../rules.ts';
import { silentLog } from '../silent-log.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

export const rootOnDisk = '/simulated';

export interface Running {
  readonly disk: SimulatedDisk;
  readonly registry: Registry;
  readonly mount: OpenedMount;
  readonly rules: LayoutRules;
  readonly clock: Clock;
  close(): Promise<void>;
}

/** `isServer`: also with all that a server does by itself from its start on. */
export async function startOn(
  disk: SimulatedDisk,
  isServer: boolean,
  ownRules: Partial<LayoutRules> = {},
): Promise<Running> {
  const { calls } = disk;
  const served = { ownFiles: 'at-open', minFree: 0 } as const;
  const store = await openFilesystemStore(rootOnDisk, { log: silentLog, calls, served });
  const facts = { store, directory: ownFactsDirectory };
  const stores = { reader: store, writer: store, facts, origin: store.origin };
  const mount = { name: '', path: rootOnDisk, kind: 'root', collects: true, ...stores } as const;
  const clock = { now: calls.now, elapsed: calls.elapsed, uptime: () => ({ boot: 'simulated', ms: calls.elapsed() }) };
  // What they do by themselves, tests do when they want it.
  const rules = {
    ...defaultRules,
    collection: { everyMs: 'off', graceMs: 86_400_000 } as const,
    scrub: { ...defaultRules.scrub, everyMs: 'off' as const },
    ...ownRules,
  };
  const registry = new Registry({ mounts: [mount], log: silentLog, clock, rules });
  if (isServer) await registry.start();
  return { disk, registry, mount, rules, clock, close: () => registry.close() };
}
