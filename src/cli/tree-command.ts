// `moorage tree REF`: its flags and its help.
import { Command } from 'commander';
import type { Environment } from '../config/environment.ts';
import { helpText } from './help-text.ts';
import { addSourceFlags, openOptions, type SourceFlags } from './open-options.ts';

interface TreeFlags extends SourceFlags {
  readonly json?: true;
  readonly trunc: boolean;
}

const help = `
REF is one of
  HOST/NAME[:TAG|@DIGEST]         an image of a registry; http:// or https:// before it says how to ask
  PATH[:TAG|@DIGEST]              a layout or an archive of one; also PATH/NAME:TAG where it has several repositories.
                                  What begins with ./ ../ / or ~, or exists, is a path
  NAME[:TAG|@DIGEST]              a repository below --root
Without a tag latest is meant, or the only image there is. docker://, oci:, oci-archive: and docker-archive: before it are understood. A digest may be short, as moorage ls prints it: NAME@sha256:1a2b3c4d5e6f.

Examples:
  moorage tree localhost:5000/team/app:v1
  moorage tree ./images:v1 --json
  moorage tree team/app:v1 --root /srv/registry

With --json one document: reference, source, and image with kind, digest, mediaType, artifactType, platform, size (of the
manifest), contentSize (config and layers), created, annotations, config, layers, problem, omitted, and the lists manifests,
attestations, referrers and cosign (what cosign keeps under tags, with tag) of the same. What does not apply is left out.

Exit codes: 0 shown, also where something below is missing, 1 not found or not reachable, 2 wrong command line.
`;

/** `finished` gets the exit code. */
export function treeCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  const command = new Command('tree')
    .description('Show an image with its platforms, referrers and their referrers')
    .argument('<ref>', 'HOST/NAME[:TAG|@DIGEST], PATH[:TAG], or NAME[:TAG] below --root')
    .option('--json', 'one JSON document instead of a drawing')
    .option('--no-trunc', 'whole digests');
  return addSourceFlags(command)
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .addHelpText('after', helpText(help))
    .action(async (ref: string, flags: TreeFlags) => {
      const options = await openOptions(flags, environment);
      // Loaded only now: other commands start without it.
      const { tree } = await import('./tree.ts');
      await tree(ref, { json: flags.json === true, truncated: flags.trunc, ...options });
      finished(0);
    });
}
