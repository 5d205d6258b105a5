// Does what clients do while a call of the driver fails, and tries again as clients do, without a restart: what then does not hold?
import { errorResponseOf } from '../../src/http/error-response.ts';
import { untold } from '../../src/registry/collection-events.ts';
import { CrashStates, randomFrom } from '../power-cut/crash-states.ts';
import { violationIn } from '../power-cut/verify-recovery.ts';
import type { DiskEvent } from '../support/simulated-disk/disk-image.ts';
import { type Acknowledged, nothing, type Operation } from '../support/simulated-disk/operations.ts';
import { type Running, startOn } from '../support/simulated-disk/registry-on-disk.ts';
import { SimulatedDisk } from '../support/simulated-disk/simulated-disk.ts';
import { cannotPush, violationOf } from '../support/simulated-disk/violations.ts';
import { type Code, type Fault, FaultyCalls } from './fault.ts';
import type { FaultScenario } from './fault-scenarios.ts';

const startedAtMs = 1_750_000_000_000;
/** A lock that could not be given back is taken over then. */
const lockIsStaleMs = 3_000;
const dayMs = 25 * 3_600_000;
const tries = 3;

/** What a client may be told, of pushes and of deletes. */
const statuses: Readonly<Record<Code, readonly number[]>> = {
  ENOSPC: [507],
  EROFS: [403, 405],
  EIO: [503],
  EMFILE: [503],
  // What may not be read is out of reach; what may not be written is read-only.
  EACCES: [403, 405, 503],
};

/** No requests: what they say is that not all could be done. */
const byThemselves = new Set(['collect', 'repair', 'scrub']);

/** How many calls may fail with this error, of all or of one name. */
export async function callsThatMayFail(scenario: FaultScenario, only: Pick<Fault, 'code' | 'calls'>): Promise<number> {
  const calls = new FaultyCalls({ ...only, at: Number.POSITIVE_INFINITY, how: 'once' });
  const disk = new SimulatedDisk({ nowMs: startedAtMs, before: calls.before });
  const running = await startOn(disk, false, scenario.rules);
  calls.isOn = true;
  for (const operation of scenario.operations) await operation.run(running.registry, running);
  calls.isOn = false;
  await running.close();
  return calls.count;
}

/** Undefined when all is well. */
export async function violationWith(scenario: FaultScenario, fault: Fault): Promise<string | undefined> {
  const calls = new FaultyCalls(fault);
  const disk = new SimulatedDisk({ nowMs: startedAtMs, before: calls.before });
  const running = await startOn(disk, false, scenario.rules);
  const { mayMiss = false } = scenario;
  let acknowledged = nothing;
  let violation: string | undefined;
  // Up to the last answer: what comes later syncs more.
  let answered = 0;
  try {
    for (const operation of scenario.operations) {
      violation ??= await done(operation, { calls, disk, running, acknowledged, fault, mayMiss });
      acknowledged = operation.after(acknowledged);
    }
    answered = disk.events.length;
    violation ??= await violationOf(running.registry, acknowledged, acknowledged);
    violation ??= await cannotPush(running.registry);
  } catch (error) {
    violation ??= `afterwards ${textOf(error)}`;
  } finally {
    await running.close();
  }
  violation ??= wronglyUsed(disk);
  const mayLeave = scenario.keepsUploads === true || fault.how !== 'once' || calls.failed.some(isOfCleaning);
  if (!mayLeave) violation ??= leftOn(disk);
  violation ??= await lostInPowerCut(disk.events.slice(0, answered), acknowledged);
  violation ??= await leftAfterSweep(disk);
  return violation && `${fault.code} ${fault.how} at ${fault.at} (${calls.failed[0]}): ${violation}`;
}

interface Situation {
  readonly calls: FaultyCalls;
  readonly disk: SimulatedDisk;
  readonly running: Running;
  readonly acknowledged: Acknowledged;
  readonly fault: Fault;
  readonly mayMiss: boolean;
}

/** Until it succeeds, which must be soon. */
async function done(
  operation: Operation,
  { calls, disk, running, acknowledged, fault, mayMiss }: Situation,
): Promise<string | undefined> {
  const { registry } = running;
  for (let attempt = 1; ; attempt += 1) {
    calls.isOn = calls.failed.length === 0;
    try {
      await operation.run(registry, running);
      calls.isOn = false;
      return undefined;
    } catch (error) {
      calls.isOn = false;
      const { status } = errorResponseOf(error, { method: 'PUT', repositoryName: undefined });
      // A delete or a rollback that was refused may have been done all the same.
      if (attempt > 1 && status === 404 && /^(delete|roll back)/.test(operation.name)) return undefined;
      const isMissed = attempt === 2 && status === 400 && mayMiss;
      const isRight =
        attempt === 1
          ? statuses[fault.code].includes(status) || (status === 503 && byThemselves.has(operation.name))
          : isMissed;
      if (!isRight) return `"${operation.name}" is answered ${status} (attempt ${attempt}): ${textOf(error)}`;
      const violation = mayMiss ? undefined : await violationOf(registry, acknowledged, operation.after(acknowledged));
      if (violation !== undefined) return `after "${operation.name}" was refused ${violation}`;
    }
    if (attempt === tries) return `"${operation.name}" is refused again and again`;
    disk.pass(lockIsStaleMs);
  }
}

/** What could not be cleared away goes later. */
function isOfCleaning(failed: string): boolean {
  return /^(unlink|rmdir) |^(lstat|readdir|open) .*(\/data|\/record\.json|\.moorage\.lock|\/uploads(\/[\w-]+)?|fd\/\d+)$/.test(
    failed,
  );
}

function wronglyUsed(disk: SimulatedDisk): string | undefined {
  if (disk.syncedAfterFailure.length > 0)
    return `${disk.syncedAfterFailure[0]} was synced although that had failed before`;
  const opened = disk.openDescriptors;
  return opened.length > 0 ? `still open: ${opened.join(', ')}` : undefined;
}

function leftOn(disk: SimulatedDisk, but = /^$/): string | undefined {
  const left = disk
    .paths()
    .filter((path) => !but.test(path))
    .filter((path) =>
      /\/\.moorage-|\.moorage\.lock|\.moorage\/(staging|uploads)\/.|\.moorage\/trash\/.*[0-9a-f]{64}$/.test(path),
    );
  return left.length > 0 ? `left behind: ${left.join(', ')}` : undefined;
}

/** A day later, and by the next collection; what belongs to the scrub goes with its next round. */
async function leftAfterSweep(disk: SimulatedDisk): Promise<string | undefined> {
  if (leftOn(disk) === undefined) return undefined;
  disk.pass(dayMs);
  const running = await startOn(disk, false);
  try {
    const signal = new AbortController().signal;
    const options = { dryRun: false, graceMs: dayMs / 2, onlyPushed: false, isMeant: undefined, signal };
    await running.registry.collect({ ...untold, ...options });
  } finally {
    await running.close();
  }
  return leftOn(disk, /\/\.moorage\/scrub\//);
}

/** Of everything that was not synced nothing is there. */
async function lostInPowerCut(events: readonly DiskEvent[], acknowledged: Acknowledged): Promise<string | undefined> {
  const states = new CrashStates();
  for (const event of events) states.apply(event);
  const [, worst] = states.images(0, randomFrom(1));
  if (worst === undefined) return undefined;
  const how = { isServer: true, alsoPushes: false };
  const violation = await violationIn(worst, startedAtMs, acknowledged, undefined, how);
  return violation && `after a power cut ${violation}`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 6).join(' | ') : String(error);
}
