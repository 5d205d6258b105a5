// Does what clients do while a call of the driver fails, and tries again as clients do, without a restart: what then does not hold?
import { errorResponseOf } from '../../src/http/error-response.ts';
import { CrashStates, randomFrom } from '../power-cut/crash-states.ts';
import { violationIn } from '../power-cut/verify-recovery.ts';
import { type Acknowledged, nothing, type Operation } from '../support/simulated-disk/operations.ts';
import { type Running, startOn } from '../support/simulated-disk/registry-on-disk.ts';
import { SimulatedDisk } from '../support/simulated-disk/simulated-disk.ts';
import { cannotPush, violationOf } from '../support/simulated-disk/violations.ts';
import { type Code, type Fault, FaultyCalls } from './fault.ts';
import type { FaultScenario } from './fault-scenarios.ts';

const startedAtMs = 1_750_000_000_000;
/** A lock that could not be given back is taken over then. */
const lockIsStaleMs = 3_000;
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

/** How many calls may fail with this error. */
export async function callsThatMayFail(scenario: FaultScenario, code: Code): Promise<number> {
  const calls = new FaultyCalls({ code, at: Number.POSITIVE_INFINITY, how: 'once' });
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
  let acknowledged = nothing;
  let violation: string | undefined;
  try {
    for (const operation of scenario.operations) {
      violation ??= await done(operation, { calls, disk, running, acknowledged, fault });
      acknowledged = operation.after(acknowledged);
    }
    violation ??= await violationOf(running.registry, acknowledged, acknowledged);
    violation ??= await cannotPush(running.registry);
  } catch (error) {
    violation ??= `afterwards ${textOf(error)}`;
  } finally {
    await running.close();
  }
  const mayLeave = scenario.keepsUploads === true || fault.how !== 'once' || calls.failed.some(isOfCleaning);
  violation ??= leftOn(disk, mayLeave);
  violation ??= await lostInPowerCut(disk, acknowledged);
  return violation && `${fault.code} ${fault.how} at ${fault.at} (${calls.failed[0]}): ${violation}`;
}

interface Situation {
  readonly calls: FaultyCalls;
  readonly disk: SimulatedDisk;
  readonly running: Running;
  readonly acknowledged: Acknowledged;
  readonly fault: Fault;
}

/** Until it succeeds, which must be soon. */
async function done(
  operation: Operation,
  { calls, disk, running, acknowledged, fault }: Situation,
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
      // A delete that was refused may have been done all the same.
      if (attempt > 1 && status === 404 && operation.name.startsWith('delete')) return undefined;
      const isRight =
        attempt === 1
          ? statuses[fault.code].includes(status) || (status === 503 && byThemselves.has(operation.name))
          : false;
      if (!isRight) return `"${operation.name}" is answered ${status} (attempt ${attempt}): ${textOf(error)}`;
      const violation = await violationOf(registry, acknowledged, operation.after(acknowledged));
      if (violation !== undefined) return `after "${operation.name}" was refused ${violation}`;
    }
    if (attempt === tries) return `"${operation.name}" is refused again and again`;
    disk.pass(lockIsStaleMs);
  }
}

/** What could not be cleared away goes later: a restart, and an hour. */
function isOfCleaning(failed: string): boolean {
  return /^(unlink|rmdir) /.test(failed);
}

function leftOn(disk: SimulatedDisk, mayLeave: boolean): string | undefined {
  if (disk.syncedAfterFailure.length > 0)
    return `${disk.syncedAfterFailure[0]} was synced although that had failed before`;
  const opened = disk.openDescriptors;
  if (opened.length > 0) return `still open: ${opened.join(', ')}`;
  const left = disk
    .paths()
    .filter((path) => /\/\.moorage-|\.moorage\.lock|\.moorage\/(staging|trash|uploads)\/./.test(path));
  return left.length > 0 && !mayLeave ? `left behind: ${left.join(', ')}` : undefined;
}

/** Of everything that was not synced nothing is there. */
async function lostInPowerCut(disk: SimulatedDisk, acknowledged: Acknowledged): Promise<string | undefined> {
  const states = new CrashStates();
  for (const event of disk.events) states.apply(event);
  const [, worst] = states.images(0, randomFrom(1));
  if (worst === undefined) return undefined;
  const how = { isServer: true, alsoPushes: false };
  const violation = await violationIn(worst, startedAtMs, acknowledged, undefined, how);
  return violation && `after a power cut ${violation}`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 6).join(' | ') : String(error);
}
