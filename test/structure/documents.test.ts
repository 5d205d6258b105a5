// What users paste from README.md and the pages of docs is there: commands and their flags, settings, files that parse.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { programOf } from '../../src/cli/program.ts';
import { configFileVariable } from '../../src/config/early-settings.ts';
import { readEnvironment } from '../../src/config/environment.ts';
import { reloadable } from '../../src/config/reloadable.ts';
import { projectDirectory } from './source-files.ts';

const documents = [
  'README.md',
  ...readdirSync(join(projectDirectory, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
/** Of a test, and one that is wrong on purpose. */
const notSettings = ['MOORAGE_SCREENSHOTS', 'MOORAGE_FOO'];
const commands = new Map(programOf({}, () => {}).commands.map((command) => [command.name(), command]));

const textOf = (document: string) => readFileSync(join(projectDirectory, document), 'utf8');

function blocksOf(text: string, language: string): readonly string[] {
  return [...text.matchAll(/^```(\w*)[^\n]*\n(.*?)^```$/gms)].flatMap(([, named, block = '']) =>
    named === language ? [block] : [],
  );
}

/** `moorage COMMAND ...` as a line of a block and within a sentence, without comments and what a pipe or && follows. */
function commandLines(text: string): readonly string[] {
  const pasted = blocksOf(text, 'sh').flatMap((block) => block.split('\n'));
  const prose = text.replaceAll(/^```[^\n]*\n.*?^```$/gms, '');
  const quoted = [...prose.matchAll(/`([^`]+)`/g)].flatMap(([, code]) => code ?? []);
  return [...pasted, ...quoted].flatMap((line) => {
    const [, rest] = /^(?:[A-Z_]+=\S+ +)*moorage(?: +(.*))?$/s.exec(line.replaceAll(/\s+/g, ' ').trim()) ?? [];
    return rest === undefined ? [] : [(rest.split(/ #| \| | && /)[0] ?? '').trim()];
  });
}

function problemOf(line: string): string | undefined {
  const [word = ''] = line.split(' ');
  if (['help', 'version', '--help'].includes(word)) return undefined;
  // Without a command, those of serve.
  const named = commands.get(word) ?? (word.startsWith('-') ? commands.get('serve') : undefined);
  const command = named?.commands.find((each) => each.name() === line.split(' ')[1]) ?? named;
  if (command === undefined) return `${line}: no command`;
  const unknown = [...line.matchAll(/(?<= )--?[a-z][\w-]*/g)].filter(
    ([flag]) => !command.options.some(({ long, short }) => flag === long || flag === short),
  );
  return unknown.length === 0 ? undefined : `${line}: no ${unknown.join(', ')}`;
}

describe.each(documents)('%s', (document) => {
  const text = textOf(document);

  it('names commands and flags that there are', () => {
    const lines = commandLines(text);
    expect(lines.flatMap((line) => problemOf(line) ?? [])).toEqual([]);
  });

  it('names variables that are settings', () => {
    const names = [...text.matchAll(/\bMOORAGE_[A-Z_]+[A-Z]\b/g)]
      .map(([name]) => name)
      .filter((name) => !notSettings.includes(name));
    const { problems } = readEnvironment(Object.fromEntries(names.map((name) => [name, 'x'])));
    expect(problems.filter(({ origin }) => origin !== configFileVariable)).toEqual([]);
  });

  it('has YAML that parses', () => {
    for (const block of blocksOf(text, 'yaml')) expect(parseDocument(block).errors, block).toEqual([]);
  });
});

it('are looked for, and found', () => {
  const lines = documents.flatMap((document) => commandLines(textOf(document)));
  expect(lines.length).toBeGreaterThan(100);
  expect(problemOf('serve --no-such-flag')).toBeDefined();
});

describe('docs/settings.md', () => {
  it('lists every flag of serve', () => {
    const text = textOf('docs/settings.md');
    const [, listed = ''] = /Flags of `moorage serve \[PATH\.\.\.\]`:(.*?)\. Sizes/s.exec(text) ?? [];
    const flags = commands.get('serve')?.options.flatMap(({ long }) => (long === '--help' ? [] : (long ?? [])));
    expect([...listed.matchAll(/--[\w-]+/g)].map(([flag]) => flag).toSorted()).toEqual(flags?.toSorted());
  });
});

describe('docs/configuration.md', () => {
  it('lists the settings that a running server follows, and no other', () => {
    const listed = [...textOf('docs/configuration.md').matchAll(/^\| `([\w.]+)` \|/gm)].map(([, path]) => path);
    expect(listed.toSorted()).toEqual([...reloadable].toSorted());
  });
});
