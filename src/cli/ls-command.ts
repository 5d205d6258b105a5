// `moorage ls [PATH|URL]`: its flags and its help.
import { Command } from 'commander';
import type { Environment } from '../config/environment.ts';
import { helpText } from './help-text.ts';
import { addSourceFlags, openOptions, type SourceFlags } from './open-options.ts';

interface LsFlags extends SourceFlags {
  readonly json?: true;
  readonly quiet?: true;
  readonly trunc: boolean;
}

const help = `
Without an argument the repositories below --root are listed. The argument is one of
  PATH                        a root of layouts, a layout, or an archive of one
  HOST:PORT, https://HOST     a registry that has a catalog
  HOST/NAME, PATH/NAME, NAME  one repository: of a registry, of a root or layout, or below --root; with :TAG one of its tags

SIZE is that of config and layers of all platforms, each distinct blob once; CREATED is UTC.

With --json one document: source, and repositories, each with name and tags; a tag has tag, digest, mediaType, type (index,
image or artifact), artifactType, platforms, contentSize, created, missing (platforms that are listed and not there), or
only tag and problem where nothing is there. An image that no tag leads to has no TAG in the table, and is in untagged, without
tag; it is had by its digest: PATH@DIGEST. With --quiet only NAME:TAG and NAME@DIGEST.

Exit codes: 0 listed, 1 not found, not reachable, or a repository that cannot be read, 2 wrong command line.
`;

/** `finished` gets the exit code. */
export function lsCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  const command = new Command('ls')
    .description('List repositories and their tags')
    .argument('[path|url]', 'a root, layout or archive, a registry, or one repository; default: --root')
    .option('--json', 'one JSON document instead of a table')
    .option('-q, --quiet', 'NAME:TAG or NAME@DIGEST only, a line each')
    .option('--no-trunc', 'whole digests');
  return addSourceFlags(command)
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .addHelpText('after', helpText(help))
    .action(async (where: string | undefined, flags: LsFlags) => {
      const options = await openOptions(flags, environment);
      // Loaded only now: other commands start without it.
      const { ls } = await import('./ls.ts');
      const output = { json: flags.json === true, quiet: flags.quiet === true, truncated: flags.trunc };
      finished(await ls(where, { ...output, ...options }));
    });
}
