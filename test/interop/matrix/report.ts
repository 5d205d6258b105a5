// docs/interop.md and, beside it, the same as data: what the next run is compared with.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { projectFile } from '../project-files.ts';
import { type Cell, type Direction, directions, type MatrixResults, type ToolResult } from './cells.ts';
import { type ContentKind, contentKinds } from './contents.ts';

const dataPath = projectFile('docs/interop.json');
const pagePath = projectFile('docs/interop.md');
/** Where a run that found something worse puts its page: the committed one stays to be compared with. */
const rejectedPath = projectFile('build/interop.md');

export async function committedResults(): Promise<MatrixResults> {
  try {
    return JSON.parse(await readFile(dataPath, 'utf8')) as MatrixResults;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

export async function writeResults(results: MatrixResults): Promise<string> {
  await mkdir(dirname(dataPath), { recursive: true });
  await writeFile(dataPath, `${JSON.stringify(results, undefined, 2)}\n`);
  await writeFile(pagePath, page(results));
  return pagePath;
}

export async function writeRejected(results: MatrixResults): Promise<string> {
  await mkdir(dirname(rejectedPath), { recursive: true });
  await writeFile(rejectedPath, page(results));
  return rejectedPath;
}

const headings: Readonly<Record<Direction, string>> = {
  written: `## Written by the tool, served by moorage

The tool writes a directory or an archive, \`moorage serve NAME=PATH\` serves it, and a client gets every tag, manifest and blob
over HTTP, with the digests checked, and lists the referrers.`,
  read: `## Pushed into moorage, read by the tool

The content is pushed over HTTP. The tool then opens the directory that moorage made of it, or what \`moorage export\` or the tool's own
layout has after a push through moorage.`,
};

const columns: Readonly<Record<ContentKind, string>> = {
  image: 'tagged image',
  index: 'multi-arch index',
  referrers: 'two referrers',
  names: 'several full names',
};

function page(results: MatrixResults): string {
  const byName = Object.entries(results).sort(([one], [other]) => (one.toLowerCase() < other.toLowerCase() ? -1 : 1));
  const tools = [...byName.filter(([, { model }]) => !model), ...byName.filter(([, { model }]) => model)];
  const models = tools.filter(([, { model }]) => model).length;
  return `${[
    '# Interoperability',
    `<!-- Written by \`npm run interop -- --full\`; do not edit. -->`,
    `${tools.length - models} real tools against moorage, in both directions, and ${models} models of tools that could not be installed. What they write and read is an
image with one tag; an index of two platforms; an image with two referrers, one of which gets its artifact type from its config; two images of
different repositories with full names in one layout or archive. In *italics*: by which of its ways the tool does it. –: the tool has no such thing. ?: nobody looked.
For every cell that is not yes, the reason is below its table.`,
    ...directions.flatMap((direction) => [headings[direction], table(tools, direction), notes(tools, direction)]),
    '## Versions',
    versions(tools),
  ].join('\n\n')}\n`;
}

type Rows = readonly (readonly [tool: string, result: ToolResult])[];

function table(tools: Rows, direction: Direction): string {
  const rows = tools.map(([tool, result]) => {
    const cells = contentKinds.map((kind) => cellText(result.cells[direction][kind]));
    return `| ${tool}${result.model ? ' (model)' : ''} | ${cells.join(' | ')} |`;
  });
  return [`| tool | ${contentKinds.map((kind) => columns[kind]).join(' | ')} |`, '|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}

function cellText({ outcome, how }: Cell): string {
  if (outcome === 'none') return '–';
  if (outcome === 'unjudged') return '?';
  if (outcome !== 'yes') return outcome;
  return ['yes', ...(how === '' ? [] : [`*${how}*`])].join(' ');
}

/** Why, once for all cells of a tool that have the same reason. */
function notes(tools: Rows, direction: Direction): string {
  const lines = tools.flatMap(([tool, result]) => {
    const byReason = new Map<string, string[]>();
    for (const kind of contentKinds) {
      const { outcome, reason } = result.cells[direction][kind];
      if (outcome !== 'yes') byReason.set(reason, [...(byReason.get(reason) ?? []), columns[kind]]);
    }
    return [...byReason].map(([reason, kinds]) => `- **${tool}**, ${kinds.join(', ')}: ${reason}`);
  });
  return lines.join('\n');
}

function versions(tools: Rows): string {
  const rows = tools.map(
    ([tool, { version, model, asOf }]) => `| ${tool} | ${model ? `model: ${version}` : version} | ${asOf} |`,
  );
  return ['| tool | version | as of the run of |', '|---|---|---|', ...rows].join('\n');
}
