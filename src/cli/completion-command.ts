// `moorage completion bash|zsh|fish`: its help, and the definitions that the script is made from.
import { Argument, Command } from 'commander';
import type { Environment } from '../config/environment.ts';
import { helpText } from './help-text.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

const help = `
The script completes commands, flags, what flags take, and files. It is made from the commands of this very moorage: make it anew after
an update.

  bash  moorage completion bash > ~/.local/share/bash-completion/completions/moorage
  zsh   moorage completion zsh > ~/.zfunc/_moorage, with ~/.zfunc in fpath before compinit
  fish  moorage completion fish > ~/.config/fish/completions/moorage.fish

For the shell at hand alone: source <(moorage completion bash), or moorage completion fish | source.

Exit codes: 0 printed, 2 wrong command line.
`;

/** `finished` gets the exit code. */
export function completionCommand(_environment: Environment, finished: (exitCode: number) => void): Command {
  return new Command('completion')
    .description('Print a script that completes commands and flags in a shell')
    .addArgument(new Argument('<shell>', 'for which shell').choices(shells))
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .addHelpText('after', helpText(help))
    .action(async (shell: Shell, _flags: object, command: Command) => {
      // Loaded only now: other commands start without it.
      const [{ commandTree }, { completionScript }] = await Promise.all([
        import('./command-tree.ts'),
        import('./completion/completion-script.ts'),
      ]);
      process.stdout.write(completionScript(shell, commandTree(command.parent ?? command)));
      finished(0);
    });
}
