// Writes docs/api.md from the types that the package declares. A test compares it.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { declarationsIn, importOf, reexportsIn } from './api/declarations.mjs';

const dist = fileURLToPath(new URL('../dist', import.meta.url));

/** What `import ... from 'moorage'` gives, the functions first. */
export function apiDocument() {
  const index = join(dist, 'index.d.ts');
  const text = readFileSync(index, 'utf8');
  const elsewhere = reexportsIn(text).flatMap(({ from, names }) => {
    const file = join(dirname(index), from);
    return names.map((name) => declared(file, name));
  });
  const all = [...declarationsIn(text), ...elsewhere];
  const functions = all.filter(({ kind }) => kind === 'function');
  const types = all.filter(({ kind }) => kind !== 'function');
  return `${head}\n${[...functions, ...types].map(section).join('\n')}`;
}

/** With the members of what it extends where that has no section of its own. */
function declared(file, name) {
  const text = readFileSync(file, 'utf8');
  const all = declarationsIn(text);
  const found = all.find((each) => each.name === name);
  if (found === undefined) throw new Error(`${file} does not declare ${name}`);
  const elsewhere = (found.parents ?? []).flatMap((parent) => {
    const from = importOf(text, parent);
    return from === undefined ? [] : [declared(join(dirname(file), from), parent)];
  });
  return {
    ...found,
    parents: (found.parents ?? []).filter((parent) => !elsewhere.some((each) => each.name === parent)),
    members: [...found.members, ...elsewhere.flatMap(({ members }) => members)],
  };
}

const head = `# API of the package

What \`import { createRegistry } from 'moorage'\` gives, generated from its types by \`npm run api\`. How it is used: [testing](testing.md).
\`InjectOptions\` and \`LightMyRequestResponse\` are those of Fastify's \`inject\`.
`;

function section({ name, kind, parents, doc, code, members }) {
  const inherited = parents?.length > 0 ? `All of \`${parents.join('`, `')}\`, and:\n\n` : '';
  const said = (doc === '' ? '' : `${doc}\n\n`) + inherited;
  if (kind !== 'interface') return `## ${name}\n\n${said}\`\`\`ts\n${code}\n\`\`\`\n`;
  const rows = members.map((member) => `| \`${cell(member.signature)}\` | ${cell(member.doc)} |\n`).join('');
  return `## ${name}\n\n${said}| | |\n| --- | --- |\n${rows}`;
}

/** One line; an example in a comment of several stays in the editor. */
function cell(text) {
  return text.split('\n\n')[0].replace(/\n/g, ' ').replace(/\|/g, '\\|');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(fileURLToPath(new URL('../docs/api.md', import.meta.url)), apiDocument());
}
