// The text below the options of a command, as wide as a terminal is at least.

const width = 80;

interface Block {
  /** What the first line begins with: nothing, or a word of a list and the gap behind it. */
  readonly term: string;
  text: string;
}

/** Paragraphs are filled anew. A line that is indented begins an item of a list, or goes on below the words that explain one. */
export function helpText(text: string): string {
  return blocksIn(text).flatMap(filled).join('\n');
}

function blocksIn(text: string): readonly Block[] {
  const blocks: Block[] = [];
  let last: Block | undefined;
  for (const line of text.split('\n')) {
    const [term = ''] = /^ +\S.*? {2,}/.exec(line) ?? /^ */.exec(line) ?? [];
    const words = line.slice(term.length);
    if (last !== undefined && words !== '' && term.trim() === '' && term.length === last.term.length && goesOn(last)) {
      last.text += ` ${words}`;
      continue;
    }
    last = words === '' ? undefined : { term, text: words };
    blocks.push(last ?? { term: '', text: '' });
  }
  return blocks;
}

/** Lines that are only indented are commands, each a line of its own. */
function goesOn({ term }: Block): boolean {
  return term === '' || term.trim() !== '';
}

function filled({ term, text }: Block): readonly string[] {
  const lines: string[] = [];
  let line = term;
  let isBegun = false;
  for (const word of text.split(/ +/)) {
    if (isBegun && line.length + 1 + word.length > width) {
      lines.push(line);
      line = ' '.repeat(term.length);
      isBegun = false;
    }
    line = isBegun ? `${line} ${word}` : `${line}${word}`;
    isBegun = true;
  }
  return [...lines, line];
}
