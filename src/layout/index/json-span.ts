// Finds where JSON values begin and end in a text without changing a byte of them: what a lossless rewrite of index.json stands on.
import { finished, type SteppedWork } from '../pacing/steps.ts';

export class JsonSpanError extends Error {
  override readonly name = 'JsonSpanError';
}

export interface JsonMember {
  readonly name: string;
  /** The value's own text. Where it ends is certain, that it is JSON is not. */
  readonly text: string;
}

/** The members of the first complete object in `text`. What follows it is ignored: BuildKit overwrites in place and truncates afterwards. */
export function membersOf(text: string): readonly JsonMember[] {
  return finished(membersIn(text));
}

/** The same in steps that take well under a millisecond each, for megabytes. */
export function* membersIn(text: string): SteppedWork<readonly JsonMember[]> {
  const members: JsonMember[] = [];
  let at = expect(text, skipSpace(text, 0), '{');
  at = skipSpace(text, at);
  if (text[at] === '}') return members;
  for (;;) {
    const nameEnd = valueEnd(text, at);
    const name: unknown = parse(text.slice(at, nameEnd));
    if (typeof name !== 'string') throw new JsonSpanError(`a member name is expected at ${at}`);
    at = skipSpace(text, expect(text, skipSpace(text, nameEnd), ':'));
    const value: ValueScan = { from: at, at, depth: 0 };
    while (!scan(text, value, value.at + stepCharacters)) yield;
    members.push({ name, text: text.slice(at, value.at) });
    at = skipSpace(text, value.at);
    if (text[at] === '}') return members;
    at = skipSpace(text, expect(text, at, ','));
  }
}

/** The object with one member set, or taken away where `value` is undefined; the texts of the others stay as they are. */
export function withMember(text: string, name: string, value: string | undefined): string {
  const members = membersOf(text);
  const at = members.findLastIndex((member) => member.name === name);
  const changed = value === undefined ? [] : [{ name, text: value }];
  const kept = members.flatMap((member, each) => (each === at ? changed : member.name === name ? [] : [member]));
  return `{${(at < 0 ? [...kept, ...changed] : kept).map(printMember).join(',')}}`;
}

export function printMember({ name, text }: JsonMember): string {
  return `${JSON.stringify(name)}:${onOneLine(text)}`;
}

/** The texts of an array's elements, each on one line. */
export function* elementsOf(text: string): Generator<string> {
  let at = skipSpace(text, expect(text, skipSpace(text, 0), '['));
  if (text[at] === ']') return;
  for (;;) {
    const end = valueEnd(text, at);
    yield onOneLine(text.slice(at, end));
    at = skipSpace(text, end);
    if (text[at] === ']') return;
    at = skipSpace(text, expect(text, at, ','));
  }
}

/** The same JSON without line breaks. Spaces stay where there are none; else all whitespace between tokens goes. */
export function onOneLine(text: string): string {
  if (!/[\n\r]/.test(text)) return text;
  // Only JSON is the same without its whitespace: what is none would become some, as the two numbers of `1 2` become one.
  parse(text);
  const kept: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = stringEnd(text, at);
    else if (!isSpace(code)) at += 1;
    else {
      kept.push(text.slice(from, at));
      at = skipSpace(text, at);
      from = at;
    }
  }
  return kept.join('') + text.slice(from);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new JsonSpanError('not JSON', { cause });
  }
}

function expect(text: string, at: number, character: string): number {
  if (text[at] !== character) throw new JsonSpanError(`"${character}" is expected at ${at}`);
  return at + 1;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** How far the search for the end of a value has come. */
interface ValueScan {
  readonly from: number;
  at: number;
  depth: number;
}

const stepCharacters = 64 * 1024;

/** The index after the value that starts at `from`. */
function valueEnd(text: string, from: number): number {
  const value: ValueScan = { from, at: from, depth: 0 };
  scan(text, value, Number.POSITIVE_INFINITY);
  return value.at;
}

/**
 * True once `value.at` is the index after the value; false where it is not found before `stop`. Brackets are matched by depth, the grammar
 * inside is checked by who parses the value.
 */
function scan(text: string, value: ValueScan, stop: number): boolean {
  const { from } = value;
  let { at, depth } = value;
  const endsAt = (end: number) => {
    value.at = end;
    return true;
  };
  while (at < text.length) {
    if (at >= stop) {
      value.at = at;
      value.depth = depth;
      return false;
    }
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = stringEnd(text, at);
      if (depth === 0) return endsAt(at);
      continue;
    }
    if (code === 0x7b || code === 0x5b) depth += 1;
    else if (code === 0x7d || code === 0x5d) {
      if (depth === 0) return endsAt(at);
      depth -= 1;
      if (depth === 0) return endsAt(at + 1);
    } else if (depth === 0 && at > from && (code === 0x2c || isSpace(code))) return endsAt(at);
    at += 1;
  }
  throw new JsonSpanError('the text ends inside a value');
}

function stringEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x5c) at += 1;
    else if (code === 0x22) return at + 1;
  }
  throw new JsonSpanError('the text ends inside a string');
}
