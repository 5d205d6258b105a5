// Begins a registry on what a power cut left, and says what of the acknowledged does not hold.
import type { LayoutRules } from '../../src/registry/layout-rules.ts';
import type { DiskImage } from '../support/simulated-disk/disk-image.ts';
import type { Acknowledged, Operation } from '../support/simulated-disk/operations.ts';
import { startOn } from '../support/simulated-disk/registry-on-disk.ts';
import { SimulatedDisk } from '../support/simulated-disk/simulated-disk.ts';
import { cannotPush, violationOf } from '../support/simulated-disk/violations.ts';

/** Locks and drafts of the dead process are old by then. */
const hour = 3_600_000;

export interface RecoveryHow {
  readonly isServer: boolean;
  readonly alsoPushes: boolean;
  readonly rules?: Partial<LayoutRules> | undefined;
}

/** Undefined when all is well. `underWay` was asked for and not answered: all of it holds, or nothing. */
export async function violationIn(
  image: DiskImage,
  nowMs: number,
  acknowledged: Acknowledged,
  underWay: Operation | undefined,
  { isServer, alsoPushes, rules }: RecoveryHow,
): Promise<string | undefined> {
  // Slow: whoever waits for a second asks the disk until it is over.
  const disk = new SimulatedDisk({ image, nowMs: nowMs + 2 * hour, callTakesMs: 10 });
  const running = await startOn(disk, isServer, rules);
  try {
    const { registry } = running;
    const violation = await violationOf(registry, acknowledged, underWay?.after(acknowledged) ?? acknowledged);
    return violation ?? (alsoPushes ? await cannotPush(registry) : undefined);
  } catch (error) {
    return `it fails: ${error instanceof Error ? error.stack : String(error)}`;
  } finally {
    await running.close();
  }
}
