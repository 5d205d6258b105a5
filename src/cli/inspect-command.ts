// `moorage inspect PATH`: its flags and its help.
import { Command } from 'commander';
import type { Environment } from '../config/environment.ts';
import { helpText } from './help-text.ts';
import { addSourceFlags, openOptions, type SourceFlags } from './open-options.ts';

interface InspectFlags extends SourceFlags {
  readonly json?: true;
  readonly verify?: true;
}

const help = `
PATH is one of
  PATH                          a root of layouts, a layout, or an archive of one; PATH/NAME: one of its repositories
  HOST:PORT, https://HOST       a registry that has a catalog
  HOST/NAME[:TAG|@DIGEST]       one repository of a registry, or one image of it
  NAME                          a repository below --root
Without it everything below --root is looked at. Nothing is written.

Each finding has a severity: error (something cannot be had, or a tool refuses the layout), warning (a tool loses something or
does not find it) and note. Of each kind the first 20 are shown for each layout, and the rest is counted.

With --json one document: source; layouts, each with kind (root, archive, layout or repository), name, where, entries (of
index.json; tags of a registry), dialects (tool and trace), findings, and omitted (how many more there are, by code); and
summary with errors, warnings and notes. A finding has severity, code (which does not change), hides (true where something
cannot be had under its name), name, digest, path and detail as far as they apply, why and remedy.

Exit codes: 0 nothing but notes, 1 errors or warnings, or it could not be looked at, 2 wrong command line.
`;

/** `finished` gets the exit code. */
export function inspectCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  const command = new Command('inspect')
    .description('Find what is wrong with layouts, or hidden in them, and what to do about it')
    .argument('[path]', 'a root, layout or archive, a registry, or one repository; default: --root')
    .option('--json', 'one JSON document')
    .option('--scan', 'look into every small blob for referrers that nothing leads to')
    .option('--verify', 'read every blob and compare its digest');
  return addSourceFlags(command)
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .addHelpText('after', helpText(help))
    .action(async (where: string | undefined, { json, verify, ...flags }: InspectFlags) => {
      const options = await openOptions(flags, environment);
      // Loaded only now: other commands start without it.
      const { inspect } = await import('./inspect.ts');
      finished(await inspect(where, { ...options, verify: verify === true, json: json === true }));
    });
}
