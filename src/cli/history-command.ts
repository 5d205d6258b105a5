// `moorage history NAME[:TAG]`: its flags and its help.
import { Command } from 'commander';
import type { Environment } from '../config/environment.ts';
import { loadSettings } from '../config/load.ts';
import { helpText } from './help-text.ts';
import { addNameFlags, openOptions, type SourceFlags } from './open-options.ts';

interface HistoryFlags extends Omit<SourceFlags, 'scan' | 'sharedBlobs'> {
  readonly json?: true;
  readonly trunc: boolean;
}

const help = `
NAME is a repository below --root, PATH a layout or one of its repositories (PATH/NAME), HOST/NAME a repository of a registry that
tells the history of tags, as moorage does. With :TAG the moves of that tag, else those of all tags, also of those that are gone;
the newest first, times are UTC.

HOW is who moved it: push, delete, retention (a rule of the registry), foreign (another program that wrote into the directory; the
time is when it did, or when that was noticed), rollback ("moorage rollback"). WAS is what the tag meant before.
The last 100 moves of each tag are kept, for a year. What was there before the first push through moorage is shown as WAS.

With --json one document: repository, and moves, each with time, tag, how, digest, mediaType and size of what the tag means since
then (absent where the tag is gone), and was, with the same of what it meant before.

Exit codes: 0 shown, 1 nothing is known, or not reachable, 2 wrong command line.
`;

/** `finished` gets the exit code. */
export function historyCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  const command = new Command('history')
    .description('Show what tags meant over time, and who moved them')
    .argument('<ref>', 'NAME[:TAG] below --root, PATH[:TAG], or HOST/NAME[:TAG]')
    .option('--json', 'one JSON document instead of a table')
    .option('--no-trunc', 'whole digests');
  return addNameFlags(command, { isRemote: true })
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .addHelpText('after', helpText(help))
    .action(async (ref: string, { json, trunc, ...flags }: HistoryFlags) => {
      const open = await openOptions(flags, environment);
      const settings = await loadSettings({ flags: [], environment, file: flags.config });
      // Loaded only now: other commands start without it.
      const { history } = await import('./history.ts');
      finished(await history(ref, { open, settings, json: json === true, truncated: trunc }));
    });
}
