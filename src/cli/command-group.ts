// Commands that belong together under one word: `moorage user add`, `moorage token list`.
import { Command, CommanderError } from 'commander';

export function commandGroup(name: string, description: string, commands: readonly Command[]): Command {
  const group = new Command(name)
    .description(description)
    .helpOption('-h, --help', 'print this help')
    .usage('COMMAND [options]')
    // Their help has the arguments, and the whole line fits a terminal.
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .helpCommand(false)
    .allowExcessArguments()
    .action((_flags: object, { args: [word] }: Command) => {
      const known = commands.map((each) => each.name()).join(', ');
      const wrong = word === undefined ? '' : `, and not by "${word}"`;
      throw new CommanderError(2, 'moorage.group', `${name} is followed by ${known}${wrong}`);
    });
  for (const command of commands) group.addCommand(command);
  return group;
}

/** A command and all below it. */
export function withSubcommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}
