// The program as it is completed: without a command its flags and arguments are those of the command that runs then.
import type { CommandNode, FlagNode } from '../command-tree.ts';

export function withDefaultCommand(program: CommandNode): CommandNode {
  const [first] = program.commands;
  if (first === undefined) return program;
  const known = new Set(program.flags.map(({ long }) => long));
  const flags: readonly FlagNode[] = [...program.flags, ...first.flags.filter(({ long }) => !known.has(long))];
  return { ...program, flags, arguments: first.arguments };
}
