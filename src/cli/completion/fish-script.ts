// Completion for fish: a line for each command and flag, each with the place on the line where it counts.
import { allCommands, type CommandNode, type FlagNode, type GivenValue } from '../command-tree.ts';
import { withDefaultCommand } from './merged-program.ts';

export function fishScript(program: CommandNode): string {
  const commands = allCommands(withDefaultCommand(program));
  const places = commands.slice(1).map((each) => quoted(placeOf(each)));
  return `# fish completion for moorage, written by "moorage completion fish"
function __moorage_at --description 'whether the words before the cursor name this command'
    set -l words (commandline -opc)
    set -e words[1]
    set -l at ''
    for word in $words
        if contains -- "$at/$word" ${places.join(' ')}
            set at "$at/$word"
        else
            break
        end
    end
    test "$at" = "$argv[1]"
end

${commands.flatMap(linesOf).join('\n')}
`;
}

function placeOf({ path }: CommandNode): string {
  return path === '' ? '' : `/${path.replaceAll(' ', '/')}`;
}

function linesOf(command: CommandNode): readonly string[] {
  const at = `complete -c moorage -n ${quoted(`__moorage_at "${placeOf(command)}"`)}`;
  const takesFiles = command.arguments.some(({ value }) => value.kind === 'file' || value.kind === 'directory');
  const words = command.arguments.flatMap(({ value }) => (value.kind === 'words' ? value.words : []));
  return [
    ...(takesFiles ? [] : [`${at} -f`]),
    ...command.commands.map(({ name, description }) => `${at} -a ${name} -d ${quoted(description)}`),
    ...(words.length === 0 ? [] : [`${at} -a ${quoted(words.join(' '))}`]),
    ...command.flags.map((flag) => `${at} ${flagText(flag)}`),
  ];
}

function flagText({ short, long, description, value }: FlagNode): string {
  const names = short === undefined ? `-l ${long.slice(2)}` : `-s ${short.slice(1)} -l ${long.slice(2)}`;
  return `${names}${value === undefined ? '' : ` ${takingOf(value)}`} -d ${quoted(description)}`;
}

function takingOf(value: GivenValue): string {
  switch (value.kind) {
    case 'words':
      return `-x -a ${quoted(value.words.join(' '))}`;
    case 'directory':
      return "-x -a '(__fish_complete_directories)'";
    case 'file':
      return '-r -F';
    case 'anything':
      return '-x';
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}
