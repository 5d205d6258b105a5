// The commands there are, and the program that they make together: for the command line, for completion, and for the manual page.
import { Command } from 'commander';
import type { Environment } from '../config/environment.ts';
import { accessCommand } from './access-command.ts';
import { completionCommand } from './completion-command.ts';
import { configCommand } from './config-command.ts';
import { duCommand } from './du-command.ts';
import { eventsCommand } from './events-command.ts';
import { exportCommand } from './export-command.ts';
import { gcCommand } from './gc-command.ts';
import { helpText } from './help-text.ts';
import { historyCommand } from './history-command.ts';
import { importCommand } from './import-command.ts';
import { inspectCommand } from './inspect-command.ts';
import { lsCommand } from './ls-command.ts';
import { reconcileCommand } from './reconcile-command.ts';
import { rmCommand } from './rm-command.ts';
import { rollbackCommand } from './rollback-command.ts';
import { serveCommand } from './serve-command.ts';
import { tlsCommand } from './tls-command.ts';
import { tokenCommand } from './token-command.ts';
import { treeCommand } from './tree-command.ts';
import { userCommand } from './user-command.ts';
import { verifyCommand } from './verify-command.ts';
import { packageVersion } from './version.ts';

/** Makes a command; `finished` gets its exit code when it has run. */
type CommandFactory = (environment: Environment, finished: (exitCode: number) => void) => Command;

/** In the order of the help. The first one runs when none is named. What a command needs only to run, its action imports. */
const defaultCommand: CommandFactory = serveCommand;
const otherCommands: readonly CommandFactory[] = [
  lsCommand,
  treeCommand,
  inspectCommand,
  verifyCommand,
  importCommand,
  exportCommand,
  historyCommand,
  rollbackCommand,
  rmCommand,
  reconcileCommand,
  gcCommand,
  duCommand,
  eventsCommand,
  tlsCommand,
  accessCommand,
  userCommand,
  tokenCommand,
  configCommand,
  completionCommand,
];

/** All of them below one program; the first is the one that runs when none is named. */
export function programOf(environment: Environment, finished: (exitCode: number) => void): Command {
  const serve = defaultCommand(environment, finished);
  const program = new Command('moorage')
    .description('An OCI registry whose database is a directory of plain OCI image layouts.')
    .usage('[command] [options]')
    .version(`moorage ${packageVersion()} (Node ${process.versions.node})`, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    // Only listed: words that ask are made flags before they are parsed.
    .helpCommand('help [command]', 'print this help, or that of a command')
    .addCommand(serve, { isDefault: true })
    .addHelpText('after', () => helpText(afterHelp(serve)));
  for (const make of otherCommands) program.addCommand(make(environment, finished));
  return program;
}

/** `serve` is what runs when no command is named, so its options belong on the first page. */
function afterHelp(serve: Command): string {
  const help = serve.createHelp();
  const options = help.visibleOptions(serve).filter((option) => option.long !== '--help');
  const width = Math.max(...options.map((option) => help.optionTerm(option).length));
  const lines = options.map(
    (option) => `  ${help.optionTerm(option).padEnd(width)}  ${help.optionDescription(option)}`,
  );
  return `
Options of serve (the command that runs when none is named):
${lines.join('\n')}
${examples}`;
}

const examples = `
Examples:
  moorage                                     serve ./registry on 127.0.0.1:5000
  moorage serve ./images app.tar              layouts and archives, as they are
  moorage serve --root /srv/registry          another directory
  moorage serve --port 8080                   another port; 0 is a free one
  moorage serve --ephemeral                   in memory, for tests
  MOORAGE_SERVER_READ_ONLY=true moorage       any setting from the environment
  moorage tls init && moorage user add anna --file users
                                              HTTPS and users: docs/access.md

  docker push localhost:5000/team/app:v1      and look into ./registry/team/app

Exit codes: 0 stopped as asked, 1 failure, 2 wrong command line or configuration.

Settings: config.example.yaml lists all, with their names in the environment.

Documentation: README.md, docs/README.md and ARCHITECTURE.md, beside package.json.
`;
