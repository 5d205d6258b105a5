// Commands as plain data, from their definitions: what completion scripts and the manual page are made from.
import type { Argument, Command, Option } from 'commander';

/** What may be given: one of some words, or what the shell can look for by itself. */
export type GivenValue =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'file' | 'directory' | 'anything' };

export interface FlagNode {
  /** `-h, --help`, `--root <dir>` */
  readonly text: string;
  readonly short: string | undefined;
  readonly long: string;
  readonly description: string;
  /** Undefined for a flag that takes none. */
  readonly value: GivenValue | undefined;
  /** It may be given again, or takes several. */
  readonly isRepeated: boolean;
}

export interface ArgumentNode {
  /** `<source>`, `[paths...]` */
  readonly text: string;
  readonly description: string;
  readonly value: GivenValue;
  readonly isVariadic: boolean;
}

export interface CommandNode {
  readonly name: string;
  /** From below the program, `config check`; '' for the program itself. */
  readonly path: string;
  readonly description: string;
  /** `config check [options] [file]` */
  readonly usage: string;
  readonly flags: readonly FlagNode[];
  readonly arguments: readonly ArgumentNode[];
  readonly commands: readonly CommandNode[];
  /** What its help says below its flags; '' for nothing. */
  readonly help: string;
}

/** Of the program, with all that is below it. */
export function commandTree(program: Command): CommandNode {
  return nodeOf(program, '');
}

/** A command and all below it, those above before those below. */
export function allCommands(node: CommandNode): readonly CommandNode[] {
  return [node, ...node.commands.flatMap(allCommands)];
}

function nodeOf(command: Command, path: string): CommandNode {
  const help = command.createHelp();
  const below = help.visibleCommands(command).filter((each) => each.name() !== 'help');
  return {
    name: command.name(),
    path,
    description: command.description(),
    usage: command.usage(),
    flags: help.visibleOptions(command).map(flagOf),
    arguments: command.registeredArguments.map(argumentOf),
    commands: below.map((each) => nodeOf(each, path === '' ? each.name() : `${path} ${each.name()}`)),
    help: helpBelow(command),
  };
}

function flagOf(option: Option): FlagNode {
  const { flags, short, long, description, argChoices, variadic } = option;
  const [, placeholder] = /[<[](.+?)(?:\.\.\.)?[>\]]$/.exec(flags) ?? [];
  return {
    text: flags,
    short,
    long: long ?? flags,
    description,
    value: placeholder === undefined ? undefined : takenBy(placeholder, argChoices),
    isRepeated: variadic || option.parseArg !== undefined,
  };
}

function argumentOf(argument: Argument): ArgumentNode {
  const name = argument.name();
  const written = argument.variadic ? `${name}...` : name;
  return {
    text: argument.required ? `<${written}>` : `[${written}]`,
    description: argument.description,
    value: takenBy(name, argument.argChoices),
    isVariadic: argument.variadic,
  };
}

/** By what it is called. A reference to an image may be a path. */
const directories = /^dir$/;
const files = /(?:^|\|)(?:file|path|paths|source|target|ref|what)(?:\||$)/;

function takenBy(placeholder: string, choices: readonly string[] | undefined): GivenValue {
  if (choices !== undefined) return { kind: 'words', words: choices };
  if (directories.test(placeholder)) return { kind: 'directory' };
  return { kind: files.test(placeholder) ? 'file' : 'anything' };
}

/** commander hands it out only together with everything else. */
function helpBelow(command: Command): string {
  let text = '';
  const before = command.configureOutput();
  command.configureOutput({
    ...before,
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  command.configureOutput(before);
  const own = command.helpInformation();
  return text.slice(text.indexOf(own) + own.length).trim();
}
