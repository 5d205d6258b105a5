// Completion for zsh: a function for each command, with _arguments.
import { type ArgumentNode, allCommands, type CommandNode, type FlagNode, type GivenValue } from '../command-tree.ts';
import { withDefaultCommand } from './merged-program.ts';

export function zshScript(program: CommandNode): string {
  const functions = allCommands(withDefaultCommand(program)).map(functionOf);
  return `#compdef moorage
# zsh completion for moorage, written by "moorage completion zsh"

${functions.join('\n')}
if [[ "$funcstack[1]" == _moorage ]]; then _moorage "$@"; else compdef _moorage moorage; fi
`;
}

function functionOf(command: CommandNode): string {
  const flags = command.flags.map(flagSpec);
  if (command.commands.length === 0) {
    const specs = [...flags, ...command.arguments.map(argumentSpec)];
    return `${nameOf(command)}() {\n  _arguments -s \\\n    ${specs.join(' \\\n    ')}\n}\n`;
  }
  const described = command.commands.map(({ name, description }) => `${name}:${escaped(description)}`);
  const isOpen = command.arguments.some(({ value }) => value.kind === 'file');
  const cases = command.commands.map((each) => `        ${each.name}) ${nameOf(each)} ;;`);
  return `${nameOf(command)}() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  local -a commands=(
${described.map((each) => `    ${quoted(each)}`).join('\n')}
  )
  _arguments -s -C \\
    ${[...flags, quoted('1: :->command'), quoted('*:: :->rest')].join(' \\\n    ')}
  case $state in
    command)
      _describe -t commands command commands${isOpen ? '\n      _files' : ''} ;;
    rest)
      case $words[1] in
${cases.join('\n')}
${isOpen ? '        *) _files ;;\n' : ''}      esac ;;
  esac
}
`;
}

function nameOf({ path }: CommandNode): string {
  return path === '' ? '_moorage' : `_moorage_${path.replaceAll(/[^a-z]/g, '_')}`;
}

function flagSpec({ short, long, description, value, isRepeated }: FlagNode): string {
  const explained = `[${escaped(description)}]`;
  const taken = value === undefined ? '' : `:value:${actionOf(value)}`;
  const many = isRepeated ? '*' : '';
  const text = `${explained}${taken}`;
  // With "=" the value may follow it, or stand in the next word.
  const name = value === undefined ? long : `${long}=`;
  return short === undefined
    ? quoted(`${many}${name}${text}`)
    : `'(${short} ${long})'{${short},${long}}${quoted(text)}`;
}

function argumentSpec({ text, value, isVariadic }: ArgumentNode): string {
  const name = text.replaceAll(/[^\w|-]/g, '');
  return quoted(`${isVariadic ? '*' : ''}:${name}:${actionOf(value)}`);
}

function actionOf(value: GivenValue): string {
  switch (value.kind) {
    case 'words':
      return `(${value.words.join(' ')})`;
    case 'directory':
      return '_directories';
    case 'file':
      return '_files';
    case 'anything':
      return ' ';
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, '\\$&');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
