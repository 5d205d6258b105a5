// The manual page moorage(1), made from the definitions of commands and settings: `npm run man` writes man/moorage.1.
import type { Setting } from '../config/settings.ts';
import { allCommands, type CommandNode } from './command-tree.ts';

export interface ManPageParts {
  readonly program: CommandNode;
  readonly version: string;
  readonly settings: readonly Setting[];
}

/** In roff, for man(7). Without a date, so that the same commands make the same page. */
export function manPage({ program, version, settings }: ManPageParts): string {
  const commands = allCommands(program).slice(1);
  return [
    '.\\" Generated from the definitions of commands and settings by "npm run man".',
    `.TH MOORAGE 1 "" "moorage ${version}" "User Commands"`,
    // No hyphens in names of settings, and no gaps in lines of commands.
    '.nh',
    '.ad l',
    '.SH NAME',
    `moorage \\- ${prose(firstLower(program.description))}`,
    '.SH SYNOPSIS',
    ...program.commands.flatMap(synopsisOf),
    '.SH DESCRIPTION',
    'Without a command, or with serve, moorage is a registry. The other commands look at directories, archives and registries, copy between them, and keep them in order.',
    '.SH COMMANDS',
    ...commands.flatMap(commandSection),
    '.SH CONFIGURATION',
    'Flags win over the environment, which wins over the file named by \\-\\-config or MOORAGE_CONFIG, which wins over the defaults. A running server follows its file when it changes, as far as it can without a restart.',
    ...settings.flatMap(settingLines),
    '.SH EXIT STATUS',
    ...['0', '1', '2'].flatMap((code, at) => ['.TP', code, exitTexts[at] ?? '']),
    '.SH FILES',
    ...files.flatMap(([name, text]) => ['.TP', `.I ${plain(name)}`, prose(text)]),
    '.SH SEE ALSO',
    'README.md, ARCHITECTURE.md and docs/ beside package.json.',
    '',
  ].join('\n');
}

const exitTexts = [
  'Done, or stopped as asked.',
  'A failure, or what was looked for was found.',
  'A wrong command line or configuration.',
];

const files = [
  ['./registry', 'storage.root, unless another one is set: an OCI image layout for each repository, and .moorage.'],
  ['config.example.yaml', 'All settings with their defaults; config.schema.json beside it is for editors.'],
] as const;

/** NAME - what it is: by custom in lower case and without a full stop. */
function firstLower(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`.replace(/\.$/, '');
}

function synopsisOf(command: CommandNode): readonly string[] {
  const shown = command.commands.length === 0 ? [command] : command.commands;
  return shown.flatMap(({ path, usage }) => ['.br', `.B moorage ${plain(path)}`, plain(usage)]);
}

function commandSection(command: CommandNode): readonly string[] {
  if (command.commands.length > 0) return [];
  const { path, description, arguments: taken, flags, help } = command;
  return [
    `.SS moorage ${plain(path)}`,
    prose(description.endsWith('.') ? description : `${description}.`),
    ...taken.flatMap(({ text, description: meaning }) => ['.TP', `.I ${plain(text)}`, prose(meaning)]),
    ...flags.flatMap(({ text, description: meaning }) => ['.TP', `.B ${plain(text)}`, prose(meaning)]),
    ...helpLines(help),
  ];
}

/** Paragraphs are filled; what is indented are commands and lists, which stay as they are. */
function helpLines(help: string): readonly string[] {
  const lines: string[] = [];
  let kind: 'none' | 'prose' | 'kept' = 'none';
  for (const line of help.split('\n')) {
    const next = line.trim() === '' ? 'none' : line.startsWith('  ') ? 'kept' : 'prose';
    if (next !== kind) {
      if (kind === 'kept') lines.push('.fi');
      if (next !== 'none') lines.push('.PP');
      if (next === 'kept') lines.push('.nf');
      kind = next;
    }
    if (next !== 'none') lines.push(next === 'kept' ? plain(line) : prose(line));
  }
  return kind === 'kept' ? [...lines, '.fi'] : lines;
}

function settingLines({ path, environment, byDefault, description }: Setting): readonly string[] {
  const shown = byDefault === undefined ? '' : ` (default: ${byDefault})`;
  return ['.TP', `.BR ${plain(path)} ", ${plain(environment)}"`, prose(`${description}${shown}`)];
}

function prose(text: string): string {
  return plain(text.trim());
}

/** What roff would take for its own: backslashes, hyphens that are none, a dot or an apostrophe that begins a line. */
function plain(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^(?=[.'])/g, '\\&');
}
