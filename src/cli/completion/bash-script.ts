// Completion for bash, also for the bash 3.2 of macOS. Files are left to readline (`complete -o default`), which quotes what needs it.
import { allCommands, type CommandNode, type FlagNode, type GivenValue } from '../command-tree.ts';
import { withDefaultCommand } from './merged-program.ts';

export function bashScript(program: CommandNode): string {
  const commands = allCommands(withDefaultCommand(program));
  return `# bash completion for moorage, written by "moorage completion bash"
_moorage() {
  local at='' i
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  # --flag=value comes as three words.
  if [[ $current == '=' ]]; then current=''
  elif [[ $before == '=' ]]; then before="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at/\${COMP_WORDS[i]}" in
${indented(6, `${commands.slice(1).map(pattern).join(' | ')})`)}
        at="$at/\${COMP_WORDS[i]}" ;;
      *) break ;;
    esac
  done
  case "$at $before" in
${commands.flatMap(valueCases).join('\n')}
  esac
  local flags='' words='' files=''
  case "$at" in
${commands.map(commandCase).join('\n')}
  esac
  if [[ $current == -* ]]; then COMPREPLY=($(compgen -W "$flags" -- "$current"))
  else COMPREPLY=($(compgen -W "$words" -- "$current")); fi
  # Nothing of that, and no file is meant either.
  if [[ -z $files ]]; then compopt +o default 2> /dev/null; fi
  return 0
}
complete -o default -F _moorage moorage
`;
}

/** `/config/check` */
function place({ path }: CommandNode): string {
  return path === '' ? '' : `/${path.replaceAll(' ', '/')}`;
}

function pattern(command: CommandNode): string {
  return quoted(place(command));
}

function valueCases(command: CommandNode): readonly string[] {
  return command.flags.flatMap((flag) => {
    if (flag.value === undefined) return [];
    const patterns = namesOf(flag).map((name) => quoted(`${place(command)} ${name}`));
    return [`    ${patterns.join(' | ')}) ${completing(flag.value)}; return 0 ;;`];
  });
}

function completing(value: GivenValue): string {
  switch (value.kind) {
    case 'words':
      return `COMPREPLY=($(compgen -W ${quoted(value.words.join(' '))} -- "$current"))`;
    case 'directory':
      return `local IFS=$'\\n'; compopt -o filenames 2> /dev/null; COMPREPLY=($(compgen -d -- "$current"))`;
    case 'file':
      return ':';
    case 'anything':
      return 'compopt +o default 2> /dev/null';
  }
}

function commandCase(command: CommandNode): string {
  const flags = command.flags.flatMap(namesOf).join(' ');
  const own = command.arguments.flatMap(({ value }) => (value.kind === 'words' ? value.words : []));
  const words = [...command.commands.map(({ name }) => name), ...own].join(' ');
  const takesFiles = command.arguments.some(({ value }) => value.kind === 'file' || value.kind === 'directory');
  const assigned = [`flags=${quoted(flags)}`, `words=${quoted(words)}`, ...(takesFiles ? ['files=yes'] : [])];
  return `    ${quoted(place(command))}) ${assigned.join(' ')} ;;`;
}

function namesOf({ short, long }: FlagNode): readonly string[] {
  return short === undefined ? [long] : [short, long];
}

function indented(by: number, text: string): string {
  return `${' '.repeat(by)}${text}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
