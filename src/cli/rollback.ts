// Puts a tag back to what it meant, and says from what to what.
import type { Environment } from '../config/environment.ts';
import type { Settings } from '../config/schema.ts';
import type { RollbackPoint } from '../layout/history/rollback-target.ts';
import { PreconditionFailedError } from '../oci/precondition.ts';
import { printableText } from '../oci/printable-text.ts';
import { type RollbackPlan, rollBack } from '../registry/rollbacks.ts';
import { WrongReferenceError } from '../transfer/source-reference.ts';
import { CommandError, exitCodes } from './failure.ts';
import { parseMeant } from './meant-place.ts';
import { openNamedRepository } from './named-repository.ts';
import { jsonDocument } from './output-text.ts';

export interface RollbackOptions {
  readonly to: string | undefined;
  readonly dryRun: boolean;
  readonly allowMissing: boolean;
  readonly json: boolean;
  readonly root: string;
  readonly isRootGiven: boolean;
  readonly settings: Settings;
  readonly environment: Environment;
}

/** Returns the exit code. Throws what failureOf and sourceFailureOf explain. */
export async function rollback(ref: string, options: RollbackOptions): Promise<number> {
  const { to, dryRun, allowMissing, json } = options;
  const point = to === undefined ? undefined : rollbackPointOf(to);
  const parsed = parseMeant(ref, options);
  if (parsed.kind === 'remote') {
    throw new WrongReferenceError(`"${ref}" is in a registry: go back where its directory is, or push what it meant`);
  }
  if (parsed.reference?.kind !== 'tag') throw new WrongReferenceError(`"${ref}" names no tag: write NAME:TAG`);
  const { tag } = parsed.reference;
  const { registry, repository, writable, shown } = await openNamedRepository(parsed, { ...options, readOnly: dryRun });
  try {
    const plan = await repository.history.planRollback(tag, point);
    const isWhole = plan.missing.length === 0 || allowMissing;
    if (isWhole && !dryRun) await carriedOut(rollBack((await writable()).manifests, plan), `${shown}:${tag}`);
    process.stdout.write(json ? jsonOf(shown, plan, dryRun) : textOf(`${shown}:${tag}`, plan, { dryRun, isWhole }));
    return isWhole ? 0 : exitCodes.failure;
  } finally {
    await registry.close();
  }
}

async function carriedOut(done: Promise<void>, what: string): Promise<void> {
  try {
    await done;
  } catch (error) {
    if (!(error instanceof PreconditionFailedError)) throw error;
    throw new CommandError(`${what} moved meanwhile, and stays as it is now; run it again to go back from there`, {
      cause: error,
    });
  }
}

const digestBegin = /^(?:sha(?:256|512):)?[0-9a-f]{12,128}$/;
const time = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d))?$/;

/** Throws WrongReferenceError. A date is its beginning in UTC. */
export function rollbackPointOf(text: string): RollbackPoint {
  if (digestBegin.test(text)) return { kind: 'digest', begins: text };
  const atMs = time.test(text) ? Date.parse(text.replace(' ', 'T').toUpperCase()) : Number.NaN;
  if (!Number.isNaN(atMs)) return { kind: 'time', atMs };
  throw new WrongReferenceError(
    `--to "${printableText(text, 100)}" is neither a digest, of which 12 digits are enough, nor a time such as 2026-04-03T02:01:00Z`,
  );
}

function textOf(what: string, plan: RollbackPlan, { dryRun, isWhole }: { dryRun: boolean; isWhole: boolean }): string {
  const { from, to, children, missing } = plan;
  const before = from === undefined ? 'it was gone' : `it was ${from}`;
  const verb = isWhole ? (dryRun ? 'would mean' : 'means') : 'does not mean';
  const lines = [
    `${what} ${verb} ${to}${isWhole ? ' again' : ''}; ${before}`,
    ...(isWhole ? children.map(({ digest }) => `${dryRun ? 'would put back' : 'put back'} ${digest}`) : []),
    ...missing.map((digest) => `missing ${digest}`),
  ];
  if (!isWhole) lines.push('nothing was changed, since not all of it is here; --allow-missing goes back all the same');
  return `${lines.join('\n')}\n`;
}

/** The form that `moorage rollback --help` describes. */
function jsonOf(repository: string, { tag, from, to, children, missing }: RollbackPlan, dryRun: boolean): string {
  return jsonDocument({ dryRun, repository, tag, from, to, putBack: children.map(({ digest }) => digest), missing });
}
