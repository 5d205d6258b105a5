// Settings from a YAML (or JSON) file, each with its file, line and column. `yaml` is loaded only when a file is named.
import { readFile } from 'node:fs/promises';
import type { Document, LineCounter, Node, Pair } from 'yaml';
import { isError } from '../oci/is-error.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { emptyGuard } from './guarding-settings.ts';
import type { SettingSource, WrittenSetting } from './setting-source.ts';
import { sections, sectionsWithin, settingAt, settings } from './settings.ts';
import { elsewhere, nearest } from './suggestion.ts';

/** Refuses (ConfigError) a file that cannot be read. */
export async function readConfigFile(path: string): Promise<SettingSource> {
  let source: string;
  try {
    source = await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigError([{ origin: path, message: whyUnreadable(error) }]);
  }
  return parseConfigFile(path, source);
}

function whyUnreadable(error: unknown): string {
  const code = isError(error) && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such configuration file; name one with --config or MOORAGE_CONFIG';
  if (code === 'EISDIR') return 'is a directory, not a configuration file';
  if (code === 'EACCES') return 'cannot be read: permission denied';
  throw error;
}

/** `path` is used to say where something stands. */
export async function parseConfigFile(path: string, source: string): Promise<SettingSource> {
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(source, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message }) => ({ origin: place(path, lines, pos[0]), message }));
    return { written: [], problems };
  }
  return new FileReader(yaml, path, lines, document).read();
}

/** What stands in the file itself. */
const topLevel = [...sectionsWithin(''), ...settings.flatMap(({ path }) => (path.includes('.') ? [] : [path]))];

/** Walks sections and keys. */
class FileReader {
  readonly #yaml: typeof import('yaml');
  readonly #path: string;
  readonly #lines: LineCounter;
  readonly #document: Document;
  readonly #written: WrittenSetting[] = [];
  readonly #problems: ConfigProblem[] = [];

  constructor(yaml: typeof import('yaml'), path: string, lines: LineCounter, document: Document) {
    this.#yaml = yaml;
    this.#path = path;
    this.#lines = lines;
    this.#document = document;
  }

  read(): SettingSource {
    for (const { key, name, value } of this.#pairs(this.#document.contents, undefined)) {
      if (sectionsWithin('').includes(name)) this.#readSection(name, value);
      else if (!name.includes('.') && settingAt(name) !== undefined) this.#readSetting(name, key, value);
      else this.#problem(key, unknownKey(name, name, topLevel));
    }
    return { written: this.#written, problems: this.#problems };
  }

  #readSection(section: string, contents: unknown): void {
    const inner = sectionsWithin(section);
    const known = [...settings.filter((each) => each.section === section).map(({ path }) => path), ...inner];
    for (const { key, name, value } of this.#pairs(contents, section)) {
      const path = `${section}.${name}`;
      if (inner.includes(path)) this.#readSection(path, value);
      else if (name.includes('.') || settingAt(path) === undefined) this.#problem(key, unknownKey(path, path, known));
      else this.#readSetting(path, key, value);
    }
  }

  #readSetting(path: string, key: Node, value: unknown): void {
    if (this.#isNothing(value)) {
      const message = emptyGuard(path);
      if (message !== undefined) this.#problem(key, message);
      return;
    }
    const origin = this.#placeOf(this.#yaml.isNode(value) ? value : key);
    this.#written.push({ path, value: this.#plain(value), origin });
  }

  /** An absent section, e.g. one whose keys are all commented out, is an empty one. */
  #pairs(contents: unknown, section: string | undefined): { key: Node; name: string; value: unknown }[] {
    if (this.#isNothing(contents)) return [];
    if (!this.#yaml.isMap(contents)) {
      const what = section === undefined ? 'the file is not' : `"${section}" is not`;
      const keys =
        section === undefined
          ? sections.join(', ')
          : settings
              .filter((each) => each.section === section)
              .map((each) => each.name)
              .join(', ');
      this.#problem(this.#yaml.isNode(contents) ? contents : undefined, `${what} a section of keys (${keys})`);
      return [];
    }
    return (contents.items as Pair<Node, unknown>[]).map(({ key, value }) => ({
      key,
      name: String(this.#plain(key)),
      value,
    }));
  }

  #isNothing(value: unknown): boolean {
    return value === null || value === undefined || (this.#yaml.isScalar(value) && value.value === null);
  }

  #plain(value: unknown): unknown {
    return this.#yaml.isNode(value) ? value.toJS(this.#document) : value;
  }

  #problem(node: Node | undefined, message: string): void {
    this.#problems.push({ origin: this.#placeOf(node), message });
  }

  #placeOf(node: Node | undefined): string {
    return place(this.#path, this.#lines, node?.range?.[0] ?? 0);
  }
}

function place(path: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${path}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
}

function unknownKey(shown: string, word: string, known: readonly string[]): string {
  const everything = [...sections, ...settings.map(({ path }) => path)];
  const suggestion = nearest(word, known) ?? elsewhere(word, everything, '.');
  return `"${shown}" is not a setting; ${suggestion === undefined ? `known here: ${known.join(', ')}` : `did you mean ${suggestion}?`}`;
}
