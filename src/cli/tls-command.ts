// `moorage tls init`: its flags and its help.
import { Command } from 'commander';
import { configFileVariable } from '../config/early-settings.ts';
import type { Environment } from '../config/environment.ts';
import { loadSettings } from '../config/load.ts';
import { commandGroup } from './command-group.ts';
import { helpText } from './help-text.ts';

interface TlsInitFlags {
  readonly name?: readonly string[];
  readonly dir: string;
  readonly config?: string;
}

const defaultDirectory = './tls';

const help = `
Makes a CA of your own, which is good for ten years, and a certificate of it for this server, good for 825 days, which is as long as clients take:

  ca.crt       what clients must trust
  ca.key       signs further certificates: keep it where the server is not, if you can
  server.crt   server.tls.certificate
  server.key   server.tls.key

A CA that is there stays, and so does server.key: run it again for other names, or before the certificate ends. A server that runs takes the
new one by itself. Without --name it is made for the name of this machine, localhost, 127.0.0.1 and ::1. Prints what docker, podman,
containerd, oras and others need to trust it.

Exit codes: 0 made, 1 failure, 2 wrong command line.
`;

/** `finished` gets the exit code. */
export function tlsCommand(environment: Environment, finished: (exitCode: number) => void): Command {
  const init = new Command('init')
    .description('Make a CA of your own, and a certificate for this server')
    .option('--name <host...>', 'names and addresses by which clients come; *.example.org is every name below')
    .option('--dir <dir>', 'where the files go', defaultDirectory)
    .option('--config <file>', `YAML file with settings, for the port that is printed (${configFileVariable})`)
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .addHelpText('after', helpText(help))
    .action(async ({ name, dir, config }: TlsInitFlags) => {
      const { server } = await loadSettings({ flags: [], environment, file: config });
      // Loaded only now: other commands start without it.
      const { tlsInit } = await import('./tls-init.ts');
      finished(await tlsInit({ names: name ?? [], directory: dir, port: server.listen.port }));
    });
  return commandGroup('tls', 'Certificates for HTTPS', [init]);
}
