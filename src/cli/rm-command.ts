// `moorage rm REF...`: its flags and its help.
import { Command } from 'commander';
import type { Environment } from '../config/environment.ts';
import { loadSettings } from '../config/load.ts';
import { helpText } from './help-text.ts';
import { addNameFlags, openOptions, type SourceFlags } from './open-options.ts';

interface RmFlags extends Omit<SourceFlags, 'scan' | 'sharedBlobs'> {
  readonly all?: true;
  readonly dryRun?: true;
  readonly json?: true;
}

const help = `
REF is one of
  NAME:TAG              the tag alone: its manifest stays, without a name
  NAME@DIGEST           the manifest, with all its tags; 12 digits of the digest are enough where they mean only one
  NAME --all            every tag and every manifest of the repository; of one among several of a layout its tags
where NAME is a repository below --root, PATH a layout or one of its repositories (PATH/NAME), or HOST/NAME one of a registry, which
is asked with the logins of docker and podman. deletes.enabled is for clients of the server: it does not bind this command.

On this machine a server may run meanwhile, and nothing that was pushed in between goes. Space comes back with "moorage gc" when gc.grace
is over, and a repository of which nothing is left goes with it; until then "moorage rollback" brings tags back. What is unknown is named,
and the others are removed.

With --json one document: dryRun, removed (each with repository, tag, or digest with tags), and problems (reference, problem).

Exit codes: 0 all removed, 1 something was not, 2 wrong command line.
`;

/** `finished` gets the exit code. */
export function rmCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  const command = new Command('rm')
    .description('Remove tags, manifests or whole repositories')
    .argument('<ref...>', 'NAME:TAG, NAME@DIGEST, or NAME with --all; also PATH and HOST/NAME')
    .option('--all', 'all of each repository that is named')
    .option('--dry-run', 'print what would be removed and remove nothing')
    .option('--json', 'one JSON document');
  return addNameFlags(command, { isRemote: true })
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', helpText(help))
    .action(async (refs: readonly string[], { all, dryRun, json, ...flags }: RmFlags) => {
      const open = await openOptions(flags, environment);
      const settings = await loadSettings({ flags: [], environment, file: flags.config });
      // Loaded only now: other commands start without it.
      const { rm } = await import('./rm.ts');
      const asked = { all: all === true, dryRun: dryRun === true, json: json === true };
      finished(await rm(refs, { ...asked, open, settings }));
    });
}
