// `moorage export REF... TARGET --profile PROFILE`: its flags and its help.
import { Command, Option } from 'commander';
import type { Environment } from '../config/environment.ts';
import { exportProfiles } from '../transfer/export-profile.ts';
import { helpText } from './help-text.ts';
import { addSourceFlags, openOptions, type SourceFlags } from './open-options.ts';

interface ExportFlags extends SourceFlags {
  readonly profile: (typeof exportProfiles)[number];
  readonly json?: true;
  readonly referrers?: boolean;
  readonly allTags?: true;
  readonly name?: string;
  readonly platform?: string;
}

const help = `
REF is HOST/NAME[:TAG|@DIGEST], PATH[:TAG|@DIGEST] of a layout, root or archive, or NAME[:TAG|@DIGEST] below --root. Without a tag
latest is meant, or the only tag there is. TARGET is one of
  FILE.tar, .tar.gz, .tgz, .tar.zst   an archive
  HOST/NAME[:TAG]                     a registry: HOST has a dot or a colon or is localhost, and nothing on disk is called so. Images
                                      keep their tags unless one is written; HOST/ alone: their names, too
  -                                   standard output, as a plain tar; what else would be printed goes to standard error
  anything else                       a directory; what a layout in it has besides is kept

What a registry has is not sent again, and mounted where another repository of it has it. An export into one that was broken off is run
again to go on.

Profiles of archives and directories:
  oci        oras, regctl, zot, buildx, skopeo, podman: bare tags; referrers where each of them looks   (default)
  docker     docker load, podman load: full names, manifest.json for older engines
  ctr        ctr images import, nerdctl load: the same
  linuxkit   linuxkit, skopeo: the full name as the reference
  crane      crane push (of a directory): exactly one image, without referrers

docker load reads .tar.gz too, and .tar.zst since docker 23; ctr images import may want a plain .tar.

The full name is HOST/NAME where REF names a host, and what docker makes of NAME elsewhere: app is docker.io/library/app, shown by
docker as app. --name says another one.

Examples:
  moorage export team/app:v1 app.tar --profile docker && docker load -i app.tar
  moorage export team/app:v1 team/web:v2 images.tar --profile ctr
  moorage export team/app:v1 - --profile docker | ssh HOST docker load
  moorage export team/app:v1 registry.example.com/team/app
  moorage export localhost:5000/team/app:v1 ./app

With --json one document: target, form (archive, directory or registry), profile, images (name, digest), totals, notes.

Exit codes: 0 exported, 1 not exported, 2 wrong command line, 130 interrupted.
`;

/** `finished` gets the exit code. */
export function exportCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  const command = new Command('export')
    .description('Write images as an archive or a layout that other tools read, or into a registry')
    .argument('<ref...>', 'images, and the TARGET last')
    .usage('REF... TARGET [options]')
    .addOption(new Option('--profile <profile>', 'for which tools').choices(exportProfiles).default('oci'))
    .option(
      '--referrers',
      "with what refers to the images, cosign's tags among it, and to that (default, except for crane)",
    )
    .option('--no-referrers', 'the images only')
    .option('--all-tags', 'all images of each REF that names a repository, those without a tag as well')
    .option(
      '--name <fullname[:tag]>',
      'the full name of a single image, for docker, ctr and linuxkit; its tag for all profiles',
    )
    .option('--platform <os/arch[/variant]>', 'of an index only the image of this platform')
    .option('--json', 'one JSON document instead of lines');
  return addSourceFlags(command)
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', helpText(help))
    .action(async (words: readonly string[], flags: ExportFlags) => {
      const options = await openOptions(flags, environment);
      // Loaded only now: other commands start without it.
      const { runExport } = await import('./export.ts');
      const { profile, referrers, json = false, allTags = false, name, platform } = flags;
      const request = { ...options, environment, profile, referrers, json, allTags, name, platform };
      finished(await runExport(words, request));
    });
}
