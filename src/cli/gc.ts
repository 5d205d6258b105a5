// Collects what nothing leads to from a registry or from directories, and prints a line for each deletion.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../config/environment.ts';
import type { Settings } from '../config/schema.ts';
import { oddRules } from '../layout/retention/rule-warnings.ts';
import type { CollectionOptions } from '../registry/collection.ts';
import type { CollectionOutcome } from '../registry/collector.ts';
import { isWithin, openPlace } from './command-registry.ts';
import { CommandError, exitCodes, InterruptedError } from './failure.ts';
import { GcReport } from './gc-report.ts';
import { noRepository, repositoriesMeant, wholeRoot } from './meant-place.ts';
import { jsonDocument, terminalColumns } from './output-text.ts';
import { StatusLine } from './status-line.ts';
import { exitCodeOf, watchStopSignals } from './stop-signals.ts';

export interface GcOptions {
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly root: string;
  readonly isRootGiven: boolean;
  readonly settings: Settings;
  readonly environment: Environment;
}

/** Returns the exit code. Throws what failureOf explains when a directory cannot be opened. */
export async function gc(places: readonly string[], options: GcOptions): Promise<number> {
  const { dryRun, json, environment } = options;
  const { stderr } = process;
  const status = new StatusLine({ columns: terminalColumns(stderr), write: (text) => void stderr.write(text) });
  const report = new GcReport(dryRun, (line) => {
    status.erase();
    if (!json) process.stdout.write(line);
  });
  const stop = new AbortController();
  const signals = watchStopSignals(process, (code) => process.exit(code), {
    underNpm: environment.npm_lifecycle_event !== undefined,
  });
  void signals.first.then((signal) =>
    stop.abort(new InterruptedError('stopped; run it again to go on', exitCodeOf(signal))),
  );
  for (const warning of oddRules(options.settings)) report.odd(warning);
  try {
    for (const place of places.length === 0 ? [undefined] : places) {
      await gcOne(place, options, { report, status, signal: stop.signal });
      stop.signal.throwIfAborted();
    }
  } finally {
    status.erase();
    signals.release();
  }
  process.stdout.write(json ? jsonDocument(report.document()) : report.total());
  return report.isWhole ? 0 : exitCodes.failure;
}

/** Longer than it takes to see that a process which began to collect is gone. */
const patienceMs = 90_000;

interface Shown {
  readonly report: GcReport;
  readonly status: StatusLine;
  readonly signal: AbortSignal;
}

async function gcOne(place: string | undefined, options: GcOptions, { report, status, signal }: Shown): Promise<void> {
  const { dryRun, root, settings, environment } = options;
  const { stderr } = process;
  // Before anything is opened: a mistake leaves no files of ours.
  const meant = place === undefined ? wholeRoot(root) : repositoriesMeant(place, options);
  if (meant.within !== '' && !existsSync(join(meant.root, meant.within))) throw noRepository(place ?? '', root);
  const opened = await openPlace(meant, { root, readOnly: dryRun, settings, environment });
  const { registry, within } = opened;
  try {
    let seen = 0;
    const collection: CollectionOptions = {
      dryRun,
      graceMs: settings.gc.grace,
      onlyPushed: false,
      isMeant: within === '' ? undefined : (prefix) => isWithin(prefix, within),
      signal,
      onDeleted: (deletion) => report.deleted(deletion, place),
      onRetained: (retained) => report.retained(retained),
      onOdd: (warning) => report.odd(warning),
      onSkipped: (repository, why) => report.skipped(repository === '' ? (place ?? root) : repository, why),
      onWaiting: (mostMs) => {
        const most = `at most ${Math.ceil(mostMs / 1000)} s`;
        stderr.write(`moorage: another process collects there, or was killed while it did; waiting, ${most}\n`);
      },
      onProgress: (repositories) => {
        seen = repositories;
        status.show(report.progress(repositories));
      },
    };
    for (const outcome of await registry.collect(collection, patienceMs)) add(outcome, report);
    if (within !== '' && seen === 0) throw noRepository(place ?? '', root);
  } finally {
    await registry.close();
  }
}

function add(outcome: CollectionOutcome, report: GcReport): void {
  if ('totals' in outcome) report.add(outcome.totals);
  else if (outcome.refusal.kind === 'running')
    throw new CommandError('another process is collecting there; nothing was deleted');
  else {
    const minutes = Math.ceil(outcome.refusal.waitMs / 60_000);
    throw new CommandError(
      `the clock of this machine moved by more than the grace while it was off: it is watched for another ${minutes} min before anything is deleted (--grace 0s deletes at once)`,
    );
  }
}
