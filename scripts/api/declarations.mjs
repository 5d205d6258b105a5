// What a declaration file of the compiler declares, with the comment before each: it writes them in one form, each beginning at the margin.

/** `text`: a file that tsc wrote. Returns declarations in its order: name, kind, code without comments, doc, members. */
export function declarationsIn(text) {
  const found = [];
  const pattern =
    /((?:^\/\*\*(?:.|\n)*?\*\/\n)?)^export (?:declare )?(interface|function|type|const|class) (\w+)((?:.|\n)*?)\n(?=export |declare |import |\/\*\*(?:(?!\*\/)(?:.|\n))*\*\/\nexport |$(?![\s\S]))/gm;
  for (const [whole, comment, kind, name] of text.matchAll(pattern)) {
    const code = whole
      .slice(comment.length)
      .trim()
      .replace(/^export (declare )?/, '');
    const parents = /^interface \w+ extends ([^{]+) \{/.exec(code)?.[1]?.split(', ');
    const bare = code.replace(/^ *\/\*\*(?:.|\n)*?\*\/\n?/gm, '');
    found.push({ name, kind, parents, doc: docOf(comment), code: bare, members: membersIn(code) });
  }
  return found;
}

/** Names that a file exports from elsewhere, by the file that they are in. */
export function reexportsIn(text) {
  return [...text.matchAll(/^export (?:type )?\{ ([^}]+) \} from '(\.[^']+)';$/gm)].map(([, names, from]) => ({
    from: from.replace(/\.ts$/, '.d.ts'),
    names: names.split(', ').map((name) => name.replace(/^type /, '')),
  }));
}

/** Where a name that a file uses comes from; undefined for its own. */
export function importOf(text, name) {
  const pattern = /^import (?:type )?\{ ([^}]+) \} from '(\.[^']+)';$/gm;
  for (const [, names, from] of text.matchAll(pattern)) {
    if (names.split(', ').some((each) => each.replace(/^type /, '') === name)) return from.replace(/\.ts$/, '.d.ts');
  }
  return undefined;
}

/** Of an interface; a member of several lines is one. */
function membersIn(code) {
  const pattern =
    /((?: {4}\/\*\*(?:.|\n)*?\*\/\n)?) {4}(?:readonly )?((?:\[[^\]]+\]|\w+)\??(?:\((?:.|\n)*?\))?: (?:.|\n)*?);$/gm;
  return [...code.matchAll(pattern)].map(([, comment, signature]) => ({
    signature: signature.replace(/\s+/g, ' '),
    doc: docOf(comment),
  }));
}

/** As Markdown: what is indented in a comment is code there, too. */
function docOf(comment) {
  return comment
    .replace(/^\s*\/\*\*\s?|\s*\*\/\s*$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim();
}
