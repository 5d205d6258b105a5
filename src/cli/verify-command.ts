// `moorage verify`: its flags and its help.
import { Command } from 'commander';
import type { Environment } from '../config/environment.ts';
import { loadSettings } from '../config/load.ts';
import { helpText } from './help-text.ts';
import { addSourceFlags, openOptions, type SourceFlags } from './open-options.ts';

interface VerifyFlags extends Omit<SourceFlags, 'scan'> {
  readonly json?: true;
  readonly repair?: true;
  readonly from?: string;
}

const help = `
Each argument is one of
  NAME                          a repository below --root
  PATH                          a root of layouts, a layout, or an archive of one; PATH/NAME: one of its repositories
  NAME:TAG, PATH@DIGEST, ...    an image, and all that it consists of
Without one everything below --root is verified, its own files in .moorage included.

Every byte is read: each blob is compared with its digest, also those that nothing leads to, and each entry with its manifest, its
size and all that it refers to. What was hashed, and when, is remembered where the server of a directory looks for it: what is
damaged is no longer served. A directory that no server ever wrote to is left as it is.

With --repair a good copy takes the place of each damaged file, under every name that it has: from another repository, the pool, for
manifests the journal, or SOURCE. Where nobody has one the file is put aside, in .moorage/quarantine with a note beside it: it is
never served then, and a push brings it back. A server may run meanwhile, and who is interrupted runs it again. Archives are
never changed. What is told is what is left.

With --json one document: source, layouts and findings as "moorage inspect --json" has them, repairs (digest, path, outcome: mended,
quarantined or kept, and detail), verified (files and bytes that were read), and summary.

Exit codes: 0 nothing but notes, or everything was mended, 1 something is wrong, or it could not be looked at, 2 wrong command line.
`;

/** `finished` gets the exit code. */
export function verifyCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  const command = new Command('verify')
    .description('Read everything, and tell what is damaged or lost')
    .argument('[what...]', 'repositories, images, layouts, roots or archives; default: --root')
    .option('--repair', 'put good copies in the place of what is damaged or lost')
    .option('--from <source>', 'with --repair: a layout, an archive or a registry that may have good copies')
    .option('--json', 'one JSON document');
  return addSourceFlags(command)
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', helpText(help))
    .action(async (what: readonly string[], { json, repair, from, ...flags }: VerifyFlags) => {
      const open = await openOptions(flags, environment);
      const settings = await loadSettings({ flags: [], environment, file: flags.config });
      // Loaded only now: other commands start without it.
      const { verify } = await import('./verify.ts');
      finished(await verify(what, { open, settings, json: json === true, repair: repair === true, from }));
    });
}
