// `moorage gc [NAME|PATH...]`: its flags and its help.
import { Command } from 'commander';
import { configFileVariable } from '../config/early-settings.ts';
import type { Environment } from '../config/environment.ts';
import { loadSettings } from '../config/load.ts';
import { helpText } from './help-text.ts';
import { rootFlag } from './open-options.ts';

interface GcFlags {
  readonly dryRun?: true;
  readonly grace?: string;
  readonly root?: string;
  readonly config?: string;
  readonly json?: true;
}

const help = `
Deletes what nothing leads to any more: blobs and manifests that no entry of index.json, no index, and no referrer of what is kept
needs; blobs that no repository holds; uploads that nobody goes on with; directories that are left empty. Whatever is younger than
the grace stays, what a client was told within it to be there, and what left within it. A server does the same by itself every
gc.every, in a root that moorage created. Without an argument all of --root is looked through; a NAME is one of its repositories; a
PATH is a layout or a directory of them, also one that moorage did not create.

A server may run on the same directory, and other programs may write there. Where it cannot be told what a repository needs nothing
is deleted from it, and the reason is printed. Stopped or killed, run it again: it goes on.

--grace 0s deletes at once, whatever clients were told and whatever might be rolled back to: for those who know that nobody pushes.

With --json one document: dryRun, deleted (kind, where, digest, bytes, why), skipped (repository, why), freedBytes, keptBytes and
counts.

Exit codes: 0 done or nothing to do, 1 failure, or a repository that was left as it is, 2 wrong command line.
`;

/** `finished` gets the exit code. */
export function gcCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  return new Command('gc')
    .description('Delete what nothing leads to any more, and get its space back')
    .argument('[name|path...]', 'repositories of --root, layouts or directories of them; default: all of --root')
    .option('--dry-run', 'print what would be deleted and delete nothing')
    .option('--grace <duration>', 'delete nothing that is younger, e.g. 24h (gc.grace)')
    .addOption(rootFlag())
    .option('--json', 'one JSON document')
    .option('--config <file>', `YAML file with settings (${configFileVariable})`)
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', helpText(help))
    .action(async (places: readonly string[], flags: GcFlags) => {
      const root = flags.root === undefined ? [] : [{ path: 'storage.root', value: flags.root, origin: '--root' }];
      const grace = flags.grace === undefined ? [] : [{ path: 'gc.grace', value: flags.grace, origin: '--grace' }];
      const settings = await loadSettings({ flags: [...root, ...grace], environment, file: flags.config });
      // Loaded only now: other commands start without it.
      const { gc } = await import('./gc.ts');
      const { dryRun = false, json = false } = flags;
      const isRootGiven = flags.root !== undefined;
      finished(await gc(places, { dryRun, json, root: settings.storage.root, isRootGiven, settings, environment }));
    });
}
