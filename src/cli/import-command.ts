// `moorage import SOURCE [NAME]`: its flags and its help.
import { Command } from 'commander';
import type { Environment } from '../config/environment.ts';
import { helpText } from './help-text.ts';
import { addSourceFlags, openOptions, type SourceFlags, targetRootFlag } from './open-options.ts';

interface ImportFlags extends SourceFlags {
  readonly json?: true;
  readonly referrers: boolean;
}

const help = `
SOURCE is one of
  PATH[:TAG|@DIGEST]           a layout, a root of layouts, or an archive of one (oci-archive, docker save, ctr export);
                               also PATH/NAME:TAG where it has several repositories
  HOST/NAME[:TAG|@DIGEST]      a registry; HOST alone where it has a catalog
  -                            standard input: an archive, plain or compressed with gzip, zstd, xz or bzip2
Without a tag all tags are copied. NAME[:TAG] is where they go below --root: one repository becomes NAME, several become
NAME/REPOSITORY. With :TAG the one image of SOURCE gets that tag. Without NAME each image keeps its own: docker.io/library/alpine:3.20
in an archive, or of that registry, becomes docker.io/library/alpine, which a mirror finds (as a REF: ./registry/docker.io/library/alpine);
layouts of a directory keep their paths.

Referrers (signatures, SBOMs, ...), what cosign keeps under tags, and what refers to those come along. Blobs that are there are not copied again, so an import
that was interrupted is run again to go on, also inside a large blob. A server may run on the same --root.

Examples:
  moorage import ./image.tar team/app
  moorage import site.tar
  moorage import registry.example.com/team/app:v1 mirror/app
  moorage import ./layouts team --json

With --json one document: source, images (from, reference, to, tag, digest), failed (from, reference, reason), totals, notes.

Exit codes: 0 imported, 1 something could not be imported, 2 wrong command line, 130 interrupted.
`;

/** `finished` gets the exit code. */
export function importCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  const command = new Command('import')
    .description('Copy images of a layout, an archive or a registry into a repository below --root')
    .argument('<source>', 'a layout, root, archive or registry, or one repository or image of it')
    .argument('[name]', 'NAME[:TAG] below --root; without it each image keeps its own name')
    .option('--no-referrers', 'leave out what refers to the images')
    .option('--json', 'one JSON document instead of lines');
  return addSourceFlags(command, targetRootFlag())
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .addHelpText('after', helpText(help))
    .action(async (source: string, name: string | undefined, flags: ImportFlags) => {
      const options = await openOptions(flags, environment);
      // Loaded only now: other commands start without it.
      const { runImport } = await import('./import.ts');
      const { referrers, json = false, config } = flags;
      finished(await runImport(source, name, { ...options, environment, referrers, json, config }));
    });
}
