// Brings the layouts of a directory to the convention, and prints what changed and why.
import type { Environment } from '../config/environment.ts';
import type { Settings } from '../config/schema.ts';
import type { Reconciled } from '../layout/changes/reconciled.ts';
import type { RestoredEntry } from '../layout/changes/remembered-entries.ts';
import { RegistryError } from '../oci/error-code.ts';
import { printableText } from '../oci/printable-text.ts';
import { isWithin, openPlace } from './command-registry.ts';
import { exitCodes } from './failure.ts';
import { repositoriesMeant } from './meant-place.ts';
import { counted } from './output-text.ts';

export interface ReconcileOptions {
  readonly dryRun: boolean;
  readonly json: boolean;
  /** Lists again what the journal knows, instead. */
  readonly fromJournal: boolean;
  /** The registry that a repository's name is looked for in, with `fromJournal`. */
  readonly root: string;
  readonly isRootGiven: boolean;
  readonly settings: Settings;
  readonly environment: Environment;
}

type ReportedChange = Reconciled | RestoredEntry;

interface ReconciledLayout {
  readonly name: string;
  readonly changes: readonly ReportedChange[];
  /** Why it could not be done; undefined when it was. */
  readonly problem: string | undefined;
}

/** Returns the exit code. Throws what failureOf explains when the directory cannot be opened. */
export async function reconcile(directory: string, options: ReconcileOptions): Promise<number> {
  const { dryRun, json, fromJournal } = options;
  const place = fromJournal ? repositoriesMeant(directory, options) : { root: directory, within: '' };
  const { registry } = await openPlace(place, { ...options, readOnly: dryRun });
  try {
    const layouts: ReconciledLayout[] = [];
    for await (const { name, layout, prefix } of registry.layouts()) {
      if (!isWithin(prefix, place.within)) continue;
      const shown = name === '' ? directory : name;
      const changes = dryRun ? undefined : layout.changes;
      const done = await reconciled(shown, () => {
        if (fromJournal) return changes?.restoreRemembered() ?? changesOf(layout.planRestore());
        return changes?.reconcile() ?? changesOf(layout.planReconcile());
      });
      const refused = layout.changes === undefined && !dryRun && done.changes.length > 0;
      layouts.push(refused ? { ...done, problem: 'it cannot be written to; nothing was changed' } : done);
    }
    process.stdout.write(json ? `${JSON.stringify({ dryRun, layouts }, null, 2)}\n` : textOf(layouts, dryRun));
    return layouts.some(({ problem }) => problem !== undefined) ? exitCodes.failure : 0;
  } finally {
    await registry.close();
  }
}

/** What would be done, for whoever only asks. */
async function changesOf<Planned>(
  plan: Promise<{ readonly changes: readonly Planned[] } | undefined>,
): Promise<readonly Planned[]> {
  return (await plan)?.changes ?? [];
}

/** One layout that cannot be read is no reason to leave the others as they are. */
async function reconciled(name: string, work: () => Promise<readonly ReportedChange[]>): Promise<ReconciledLayout> {
  try {
    return { name, changes: await work(), problem: undefined };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return { name, changes: [], problem: error.message };
  }
}

function textOf(layouts: readonly ReconciledLayout[], dryRun: boolean): string {
  const lines = layouts.flatMap(({ name, changes, problem }) => [
    // With a problem nothing was done.
    ...changes.map((change) => `${name}: ${describe(change, dryRun || problem !== undefined)}`),
    ...(problem === undefined ? [] : [printableText(`${name}: ${problem}`)]),
  ]);
  return `${[...lines, summaryOf(layouts, dryRun)].join('\n')}\n`;
}

function summaryOf(layouts: readonly ReconciledLayout[], dryRun: boolean): string {
  const done = layouts.filter(({ problem }) => problem === undefined);
  const changed = done.filter(({ changes }) => changes.length > 0).length;
  const total = done.reduce((sum, { changes }) => sum + changes.length, 0);
  const looked = counted(layouts.length, 'layout');
  const failed = layouts.length - done.length;
  if (failed === 0 && total === 0) return `nothing to do in ${looked}`;
  const left = failed === 0 ? '' : `; ${failed} could not be reconciled`;
  return `${counted(total, 'change')} in ${changed} of ${looked}${left}${dryRun ? ' (dry run: nothing was written)' : ''}`;
}

const verbs: Readonly<Record<ReportedChange['kind'], readonly [done: string, wouldDo: string]>> = {
  'listed-referrer': ['listed the referrer', 'would list the referrer'],
  'listed-child': ['listed the child', 'would list the child'],
  'named-image': ['named the image', 'would name the image'],
  'restored-entry': ['listed again', 'would list again'],
  'marked-referrer': ['marked the referrer', 'would mark the referrer'],
  'wrote-response': ['wrote the referrers response', 'would write the referrers response'],
  'removed-response': ['removed the referrers response', 'would remove the referrers response'],
};

function describe(change: ReportedChange, dryRun: boolean): string {
  const { kind, digest, why } = change;
  const of = kind === 'restored-entry' || change.subject === undefined ? '' : ` of ${change.subject}`;
  return `${verbs[kind][dryRun ? 1 : 0]} ${digest}${of}: ${why}`;
}
