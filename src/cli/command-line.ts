// The command line: commands, help, version, and what becomes of errors.
import { Command, CommanderError } from 'commander';
import type { Environment } from '../config/environment.ts';
import { nearest } from '../config/suggestion.ts';
import { printableText } from '../oci/printable-text.ts';
import { accessCommand } from './access-command.ts';
import { withSubcommands } from './command-group.ts';
import { duCommand } from './du-command.ts';
import { exportCommand } from './export-command.ts';
import { exitCodes, failureOf } from './failure.ts';
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
import { sourceFailureOf } from './source-failure.ts';
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
  tlsCommand,
  accessCommand,
  userCommand,
  tokenCommand,
];

/** Returns the exit code: 0, 1 for a failure, 2 for a command line or configuration that cannot be. */
export async function runCommandLine(args: readonly string[], environment: Environment): Promise<number> {
  let exitCode = 0;
  const finished = (code: number) => {
    exitCode = code;
  };
  const serve = defaultCommand(environment, finished);
  const others = otherCommands.map((make) => make(environment, finished));
  const commands = [serve, ...others];
  const program = new Command('moorage')
    .description('An OCI registry whose database is a directory of plain OCI image layouts.')
    .usage('[command] [options]')
    .version(`moorage ${packageVersion()} (Node ${process.versions.node})`, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    // Only listed: words that ask are made flags before they are parsed.
    .helpCommand('help [command]', 'print this help, or that of a command')
    .addCommand(serve, { isDefault: true })
    .addHelpText('after', () => helpText(afterHelp(serve)));
  for (const command of others) program.addCommand(command);
  for (const command of withSubcommands(program)) {
    command
      .exitOverride()
      .showSuggestionAfterError()
      .configureOutput({ outputError: () => {} });
  }
  // A reader that does not want the output (`moorage | head -1`) must not end the server.
  process.stdout.on('error', () => {});
  const asked = withoutQuestions(args);
  const unknown = unknownCommand(asked, commands);
  if (unknown !== undefined) return usageError(unknown);
  try {
    await program.parseAsync(asked, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? 0 : usageError(messageOf(error, asked, commands));
    const failure = failureOf(error) ?? sourceFailureOf(error);
    if (failure === undefined) throw error;
    process.stderr.write(`moorage: ${failure.message}\n`);
    return failure.exitCode;
  }
}

/** `moorage help`, `help COMMAND`, `version` and `-V`, which other programs understand, as the flags that they stand for. */
function withoutQuestions(args: readonly string[]): readonly string[] {
  const [word, command, ...more] = args;
  if (word === '-V' || (word === 'version' && command === undefined)) return ['--version'];
  if (word === 'version' && (command === '--help' || command === '-h')) return ['--help'];
  if (word !== 'help') return args;
  if (command === undefined || command === 'help') return ['--help'];
  return command === 'version' ? ['--version'] : [command, ...more, '--help'];
}

function usageError(message: string): number {
  process.stderr.write(`moorage: ${printableText(message)}${message.endsWith('?') ? '' : '.'} See moorage --help\n`);
  return exitCodes.usage;
}

/**
 * A word that is no command would reach the default one as its argument. What is meant as a path there says so, with a slash, a
 * dot or a colon, or follows the command's name.
 */
function unknownCommand([word]: readonly string[], commands: readonly Command[]): string | undefined {
  const names = commands.map((command) => command.name());
  if (word === undefined || !/^[\w-]+$/.test(word) || word.startsWith('-') || names.includes(word)) return undefined;
  const suggestion = nearest(word, names);
  return `unknown command "${word}"${suggestion === undefined ? '' : `; did you mean ${suggestion}?`}`;
}

/** One line, where commander writes two or three. */
function messageOf(error: CommanderError, args: readonly string[], commands: readonly Command[]): string {
  const [serve] = commands;
  const [operand] = serve?.args ?? [];
  if (error.code === 'commander.excessArguments' && serve !== undefined && operand !== undefined) {
    if (args[0] === serve.name()) return `serve takes no arguments, and got "${operand}"`;
    if (commands.some((command) => command.name() === operand))
      return `the command comes first: moorage ${operand} [options]`;
    return `unknown command "${operand}"`;
  }
  return error.message
    .replace(/^error: /, '')
    .replace(/\s*\(Did you mean (.*)\?\)$/s, '; did you mean $1?')
    .replaceAll(/\s+/g, ' ')
    .replace(/\.$/, '');
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
                                              HTTPS and users: README.md, "Who may"

  docker push localhost:5000/team/app:v1      and look into ./registry/team/app

Exit codes: 0 stopped as asked, 1 failure, 2 wrong command line or configuration.

Settings: config.example.yaml lists all, with their names in the environment.

Documentation: README.md, docs/recipes.md and ARCHITECTURE.md, beside package.json.
`;
