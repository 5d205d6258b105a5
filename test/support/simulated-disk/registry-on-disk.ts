// A registry on a simulated disk: begun, used and recorded, and begun again on what a power cut left.
import { ownFactsDirectory } from '../../../src/layout/files/keys.ts';
import { Registry } from '../../../src/registry/registry.ts';
import { openFilesystemStore } from '../../../src/storage/filesystem/filesystem-store.ts';
import { defaultRules } from '../rules.ts';
import { silentLog } from '../silent-log.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

export const rootOnDisk = '/root';

export interface Running {
  readonly registry: Registry;
  close(): Promise<void>;
}

/** `isServer`: also with all that a server does by itself from its start on. */
export async function startOn({ calls }: SimulatedDisk, isServer: boolean): Promise<Running> {
  const served = { ownFiles: 'at-open', minFree: 0 } as const;
  const store = await openFilesystemStore(rootOnDisk, { log: silentLog, calls, served });
  const facts = { store, directory: ownFactsDirectory };
  const mount = { name: '', reader: store, writer: store, facts, collects: true, origin: store.origin } as const;
  const clock = { now: calls.now, elapsed: calls.elapsed, uptime: () => ({ boot: 'simulated', ms: calls.elapsed() }) };
  // What they do by themselves, tests do when they want it.
  const rules = {
    ...defaultRules,
    collection: { everyMs: 'off', graceMs: 86_400_000 } as const,
    scrub: { ...defaultRules.scrub, everyMs: 'off' as const },
  };
  const registry = new Registry({ mounts: [mount], log: silentLog, clock, rules });
  if (isServer) await registry.start();
  return { registry, close: () => registry.close() };
}
