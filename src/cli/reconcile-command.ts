// `moorage reconcile DIR`: its flags and its help.
import { Command } from 'commander';
import { configFileVariable } from '../config/early-settings.ts';
import type { Environment } from '../config/environment.ts';
import { loadSettings } from '../config/load.ts';
import { helpText } from './help-text.ts';
import { type ScanFlag, writtenByScan } from './open-options.ts';

interface ReconcileFlags extends ScanFlag {
  readonly dryRun?: true;
  readonly fromJournal?: true;
  readonly root?: string;
  readonly config?: string;
  readonly json?: true;
}

const help = `
Tools store referrers (signatures, SBOMs, attestations) in a layout each in its own way, and find only what was stored in theirs.
This brings what any of them left into the form that all of them find, in each layout of the directory: missing entries are
listed, entries say what they refer to, stale responses are written again. Nothing is removed but responses that list nothing.
A server may run on the same directory, and the command may be repeated: it writes nothing where nothing is to be done.

With --from-journal it brings back what another program took off the list of a repository and the journal of the registry still
knows: tags that two tools lost by writing at the same time, or that somebody deleted there by mistake. "moorage inspect" shows
what that is. NAME is a repository of the registry (--root), or DIR a directory in it; a registry's own deletes stay deleted.

With --json one document: dryRun, and layouts, each with name, changes (kind, digest, subject, why) and problem, where there is
one: nothing was written there, and the changes are those that are to be made.

Exit codes: 0 done or nothing to do, 1 failure, 2 wrong command line.
`;

/** `finished` gets the exit code. */
export function reconcileCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  return new Command('reconcile')
    .description('Bring the referrers of layouts into the form that every tool finds')
    .argument('<dir>', 'a directory of layouts, or a layout; with --from-journal also the name of a repository')
    .option('--dry-run', 'print what would be changed and change nothing')
    .option('--from-journal', 'list again what other programs took off the list, as far as the journal knows')
    .option('--root <dir>', 'with --from-journal: directory of the registry that NAME is a repository of')
    .option('--scan', 'also list referrers that nothing leads to any more (cosign save v3, umoci)')
    .option('--json', 'one JSON document')
    .option('--config <file>', `YAML file with settings (${configFileVariable})`)
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .addHelpText('after', helpText(help))
    .action(async (directory: string, flags: ReconcileFlags) => {
      const settings = await loadSettings({ flags: writtenByScan(flags), environment, file: flags.config });
      // Loaded only now: other commands start without it.
      const { reconcile } = await import('./reconcile.ts');
      const { dryRun = false, json = false, fromJournal = false } = flags;
      const root = flags.root ?? settings.storage.root;
      const isRootGiven = flags.root !== undefined;
      finished(await reconcile(directory, { dryRun, json, fromJournal, root, isRootGiven, settings, environment }));
    });
}
