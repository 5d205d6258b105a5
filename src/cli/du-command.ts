// `moorage du [NAME|PATH]`: its flags and its help.
import { Command } from 'commander';
import { configFileVariable } from '../config/early-settings.ts';
import type { Environment } from '../config/environment.ts';
import { loadSettings } from '../config/load.ts';
import { helpText } from './help-text.ts';
import { rootFlag } from './open-options.ts';

interface DuFlags {
  readonly root?: string;
  readonly config?: string;
  readonly json?: true;
}

const help = `
Lists the repositories of --root, or of a directory, or one of them, with what their blobs take on the disk, each file once however often it
is linked. ALONE is what would be free without the repository, SHARED what others have as well. Below that, of all that was looked at:
blobs that no repository has any more (they wait in the pool for a while), what nothing leads to (what "moorage gc --grace 0s" frees),
unfinished uploads, damaged files in quarantine, and the room on the disk.

With --json one document: mounts, each with repositories (repository, alone, shared, blobs), total, poolAlone, unreferenced, uploads,
quarantine and room (free, total), in bytes, and unclear (repository, why): of those nobody can tell what nothing leads to.

Exit codes: 0 listed, 1 failure, 2 wrong command line.
`;

/** `finished` gets the exit code. */
export function duCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  return new Command('du')
    .description('Show what repositories take on the disk, and what could be free')
    .argument('[name|path]', 'a repository of --root, a layout or a directory of them; default: all of --root')
    .addOption(rootFlag())
    .option('--json', 'one JSON document')
    .option('--config <file>', `YAML file with settings (${configFileVariable})`)
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .addHelpText('after', helpText(help))
    .action(async (place: string | undefined, flags: DuFlags) => {
      const root = flags.root === undefined ? [] : [{ path: 'storage.root', value: flags.root, origin: '--root' }];
      const settings = await loadSettings({ flags: root, environment, file: flags.config });
      // Loaded only now: other commands start without it.
      const { du } = await import('./du.ts');
      const isRootGiven = flags.root !== undefined;
      const json = flags.json === true;
      finished(await du(place, { json, root: settings.storage.root, isRootGiven, settings, environment }));
    });
}
