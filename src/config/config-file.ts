// Settings from a YAML (or JSON) file, each with its file, line and column. `yaml` is loaded only when a file is named.
import { open } from 'node:fs/promises';
import type { Document, LineCounter, Node, Pair } from 'yaml';
import { isError } from '../oci/is-error.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { emptyGuard } from './guarding-settings.ts';
import type { SettingSource, WrittenSetting } from './setting-source.ts';
import { sections, sectionsWithin, settingAt, settings } from './settings.ts';
import { elsewhere, nearest } from './suggestion.ts';

/** What was named by mistake, a tar or a disk, is not read into memory. */
export const maxConfigBytes = 2 * 1024 * 1024;

/** Refuses (ConfigError) a file that cannot be read, and one that is larger than any configuration. It may be a pipe. */
export async function readConfigFile(path: string): Promise<SettingSource> {
  let source: string;
  try {
    source = await contentOf(path);
  } catch (error) {
    throw new ConfigError([{ origin: path, message: whyUnreadable(error) }]);
  }
  return parseConfigFile(path, source);
}

class TooLargeError extends Error {}

async function contentOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const parts: Buffer[] = [];
    let length = 0;
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(64 * 1024));
      if (bytesRead === 0) return Buffer.concat(parts).toString('utf8');
      length += bytesRead;
      if (length > maxConfigBytes) throw new TooLargeError();
      parts.push(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

function whyUnreadable(error: unknown): string {
  if (error instanceof TooLargeError) return `has more than ${maxConfigBytes} bytes, and is no configuration file`;
  const code = isError(error) && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'there is no such configuration file; name one with --config or MOORAGE_CONFIG';
    case 'EISDIR':
      return 'is a directory, not a configuration file';
    case 'EACCES':
    case 'EPERM':
      return 'cannot be read: permission denied';
    case undefined:
      throw error;
    default:
      return `cannot be read: the system answers ${code}`;
  }
}

/** `path` is used to say where something stands. */
export async function parseConfigFile(path: string, source: string): Promise<SettingSource> {
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  try {
    const document = yaml.parseDocument(source, { lineCounter: lines, prettyErrors: false });
    if (document.errors.length === 0) return new FileReader(yaml, path, lines, document).read();
    const problems = document.errors.map(({ pos, message }) => ({ origin: place(path, lines, pos[0]), message }));
    return { written: [], problems };
  } catch (error) {
    const message = whyTooMuch(error);
    if (message === undefined) throw error;
    return { written: [], problems: [{ origin: path, message }] };
  }
}

/** Lists in lists in lists end the stack; aliases of aliases are counted by the parser, which throws a ReferenceError. */
function whyTooMuch(error: unknown): string | undefined {
  if (error instanceof RangeError) return 'is nested too deeply';
  return error instanceof ReferenceError ? 'has aliases that cannot be followed, or too many of them' : undefined;
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
