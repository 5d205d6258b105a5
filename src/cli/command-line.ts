// The command line: what is asked, and what becomes of errors.
import { type Command, CommanderError } from 'commander';
import type { Environment } from '../config/environment.ts';
import { nearest } from '../config/suggestion.ts';
import { printableText } from '../oci/printable-text.ts';
import { withSubcommands } from './command-group.ts';
import { exitCodes, failureOf } from './failure.ts';
import { programOf } from './program.ts';
import { sourceFailureOf } from './source-failure.ts';

/** Returns the exit code: 0, 1 for a failure, 2 for a command line or configuration that cannot be. */
export async function runCommandLine(args: readonly string[], environment: Environment): Promise<number> {
  let exitCode = 0;
  const finished = (code: number) => {
    exitCode = code;
  };
  const program = programOf(environment, finished);
  const { commands } = program;
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
