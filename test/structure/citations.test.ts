// What comments and documents refer to is there: files of the repository, and headings in them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectDirectory } from './source-files.ts';

const codeFolders = ['src', 'page', 'test', 'bench', 'conformance', 'scripts'];
const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(projectDirectory, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Of the specifications, and of other projects. */
const foreignDocuments = new Set([
  'image-layout.md',
  'annotations.md',
  'descriptor.md',
  'manifest.md',
  'image-index.md',
  'config.md',
  'layer.md',
  'media-types.md',
  'spec.md',
  'extensions/_oci.md',
  'docs/attestations/attestation-storage.md',
]);

interface Line {
  /** Where it stands, for the message of a failure. */
  readonly place: string;
  readonly text: string;
}

function commentsOf(file: string): readonly Line[] {
  const lines = readFileSync(join(projectDirectory, file), 'utf8').split('\n');
  return lines
    .map((text, at) => ({ place: `${file}:${at + 1}`, text: text.trim() }))
    .filter(({ text }) => /^(?:\/\/|\/\*\*?|\*)/.test(text));
}

function codeFiles(): readonly string[] {
  return codeFolders.flatMap((folder) => {
    const names = readdirSync(join(projectDirectory, folder), { recursive: true, encoding: 'utf8' });
    const code = names.filter((name) => /\.(?:tsx?|mjs)$/.test(name) && !/(?:^|\/)fixtures\/layouts\//.test(name));
    return code.map((name) => `${folder}/${name}`);
  });
}

/** As the usual renderers make anchors of headings. */
function anchorOf(heading: string): string {
  const plain = heading.replaceAll('`', '').toLowerCase();
  return plain.replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
}

function headingsOf(document: string): readonly string[] {
  const lines = readFileSync(join(projectDirectory, document), 'utf8').split('\n');
  return lines.flatMap((line) => /^#+ +(.+)$/.exec(line)?.[1] ?? []);
}

/** `docs/layouts.md#names`, or `ARCHITECTURE.md, The journal` */
const citation = /(?<![\w./-])((?:[\w-]+\/)*[\w-]+\.md)(?:#([\w-]+)|, ((?:[A-Z][\w-]*)(?: [\w-]+)*)(?=[.):,;]|$))?/g;

function wrongCitations({ place, text }: Line): readonly string[] {
  const wrong: string[] = [];
  for (const [all, document = '', anchor, heading] of text.matchAll(citation)) {
    if (foreignDocuments.has(document)) continue;
    if (!existsSync(join(projectDirectory, document))) wrong.push(`${place}: ${all} is not in the repository`);
    else if (anchor !== undefined && !headingsOf(document).some((each) => anchorOf(each) === anchor))
      wrong.push(`${place}: ${document} has no heading #${anchor}`);
    else if (heading !== undefined && !headingsOf(document).some((each) => each.endsWith(heading)))
      wrong.push(`${place}: ${document} has no heading "${heading}"`);
  }
  // Its sections have no numbers any more, or get other ones.
  for (const [all] of text.matchAll(/[\w/-]+\.md, sections? \d+/g)) wrong.push(`${place}: ${all}, which is no heading`);
  // A section of a specification is cited by the name of the specification: RFC 9110 §14.2, distribution-spec.
  for (const [all] of text.matchAll(/\b(?!RFC\b)[A-Z]{4,}(?:\.md)? §[\d.]+/g)) wrong.push(`${place}: ${all}`);
  return wrong;
}

function wrongLinks(document: string): readonly string[] {
  const text = readFileSync(join(projectDirectory, document), 'utf8');
  return [...text.matchAll(/\]\(((?!https?:)[^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(([all, path = '', anchor]) => {
    const target = path === '' ? document : join(dirname(document), path);
    if (!existsSync(join(projectDirectory, target))) return [`${document}: ${all}`];
    if (anchor === undefined || !target.endsWith('.md')) return [];
    return headingsOf(target).some((each) => anchorOf(each) === anchor) ? [] : [`${document}: ${all}`];
  });
}

/** Source files that a document names: by their path, or by a name that only one of them has to have. */
function wrongSourceNames(document: string, sources: readonly string[]): readonly string[] {
  const text = readFileSync(join(projectDirectory, document), 'utf8');
  const named = new Set(
    [...text.matchAll(/(?<![\w./-])((?:[\w-]+\/)*[\w-]+\.ts)\b/g)].flatMap(([, name]) => name ?? []),
  );
  return [...named].filter((name) => !sources.some((source) => source === name || source.endsWith(`/${name}`)));
}

describe('citations', () => {
  it('of comments name documents and headings that are in the repository', () => {
    expect(codeFiles().flatMap((file) => commentsOf(file).flatMap(wrongCitations))).toEqual([]);
  });

  it.each(documents)('of %s lead somewhere', (document) => {
    expect(wrongLinks(document)).toEqual([]);
    expect(wrongSourceNames(document, codeFiles())).toEqual([]);
  });

  it('of docs/README.md lead to every page', () => {
    const index = readFileSync(join(projectDirectory, 'docs/README.md'), 'utf8');
    const pages = documents.filter((path) => path.startsWith('docs/') && path !== 'docs/README.md');
    expect(pages.filter((path) => !index.includes(`](${path.slice('docs/'.length)})`))).toEqual([]);
  });
});
