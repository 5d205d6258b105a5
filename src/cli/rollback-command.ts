// `moorage rollback NAME:TAG`: its flags and its help.
import { Command } from 'commander';
import type { Environment } from '../config/environment.ts';
import { loadSettings } from '../config/load.ts';
import { helpText } from './help-text.ts';
import { addNameFlags, openOptions, type SourceFlags } from './open-options.ts';

interface RollbackFlags extends Omit<SourceFlags, 'scan' | 'plainHttp' | 'sharedBlobs'> {
  readonly to?: string;
  readonly dryRun?: true;
  readonly allowMissing?: true;
  readonly json?: true;
}

const help = `
The tag means again what it meant before its last move, also where it was deleted. Run twice, it is where it began; a tag that was
deleted is not deleted again by that ("moorage rm"). What can be gone back to is what "moorage history" shows, for gc.grace whole:
a manifest that was deleted is listed again, with its children and as the referrer of what it refers to.

  --to DIGEST   what the tag is known to have meant; its first 12 digits or more are enough
  --to TIME     what the tag meant then: 2026-04-03T02:01:00Z, or 2026-04-03 for the beginning of that day, UTC

A server may run on the same directory. The tag moves as by a push, and only if it still is what was seen; where something that it
needs is gone that is named, and nothing is changed.

With --json one document: dryRun, repository, tag, from (absent where there was no such tag), to, putBack (digests of manifests
that had been deleted), and missing.

Exit codes: 0 done, 1 there is nothing to go back to, or something of it is gone, 2 wrong command line.
`;

/** `finished` gets the exit code. */
export function rollbackCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  const command = new Command('rollback')
    .description('Put a tag back to what it meant before')
    .argument('<ref>', 'NAME:TAG below --root, or PATH:TAG')
    .option('--to <digest|time>', 'what it is to mean, or when it meant that; default: what it meant before')
    .option('--dry-run', 'print what would be done and change nothing')
    .option('--allow-missing', 'also where blobs of it are not here, as of a sparse image')
    .option('--json', 'one JSON document');
  return addNameFlags(command, { isRemote: false })
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .addHelpText('after', helpText(help))
    .action(async (ref: string, flags: RollbackFlags) => {
      const { to, dryRun = false, allowMissing = false, json = false } = flags;
      const { root, isRootGiven } = await openOptions(flags, environment);
      const settings = await loadSettings({ flags: [], environment, file: flags.config });
      // Loaded only now: other commands start without it.
      const { rollback } = await import('./rollback.ts');
      finished(await rollback(ref, { to, dryRun, allowMissing, json, root, isRootGiven, settings, environment }));
    });
}
