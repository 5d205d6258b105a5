// The script of each shell that completes commands.
import type { CommandNode } from '../command-tree.ts';
import { bashScript } from './bash-script.ts';
import { fishScript } from './fish-script.ts';
import { zshScript } from './zsh-script.ts';

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** `program`: with all commands below it; the first of them is the one that runs when none is named. */
export function completionScript(shell: keyof typeof scripts, program: CommandNode): string {
  return scripts[shell](program);
}
