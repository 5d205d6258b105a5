// Lines for a person at a terminal, no wider than it is: what is longer goes on below, further in, and a command so that it can be pasted.

const command = /^\s*(?:docker|oras|skopeo|crane|podman|helm|moorage) /;
const furtherIn = 2;
/** A narrower terminal wraps by itself. */
const leastColumns = 40;

/** `text` are whole lines; `columns` undefined leaves them as they are. */
export function fittedLines(text: string, columns: number | undefined): string {
  if (columns === undefined || columns < leastColumns) return text;
  return text
    .split('\n')
    .map((line) => (line.length <= columns ? line : wrapped(line, columns)))
    .join('\n');
}

function wrapped(line: string, columns: number): string {
  const [indent = ''] = /^ */.exec(line) ?? [];
  // What stands behind a command in parentheses is no part of it.
  const note = line.indexOf('    (');
  const isCommand = command.test(line);
  const words = line.slice(indent.length).matchAll(/(\s*)(\S+)/g);
  const further = `${indent}${' '.repeat(furtherIn)}`;
  const lines: string[] = [];
  let current = indent;
  for (const [, space = '', word = ''] of words) {
    const isNote = isCommand && note >= 0 && word.startsWith('(');
    const room = columns - (isCommand ? furtherIn : 0);
    const isFirst = current.trim() === '';
    if (!isFirst && (current.length + space.length + word.length > room || isNote)) {
      lines.push(isCommand && !isNote ? `${current} \\` : current);
      current = `${further}${word}`;
    } else current = `${current}${space}${word}`;
  }
  return [...lines, current].join('\n');
}
