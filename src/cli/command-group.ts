// Commands that belong together under one word: `moorage user add`, `moorage token list`.
import { Command } from 'commander';

export function commandGroup(name: string, description: string, commands: readonly Command[]): Command {
  const group = new Command(name)
    .description(description)
    .helpOption('-h, --help', 'print this help')
    // Only listed by `moorage help NAME`.
    .helpCommand(false);
  for (const command of commands) group.addCommand(command);
  return group;
}

/** A command and all below it. */
export function withSubcommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}
