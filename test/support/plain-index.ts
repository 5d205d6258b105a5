// index.json without segments: the whole file parsed, the whole list edited, all of it printed. What the real one must come to.
import { type IndexEntry, parseIndexEntry } from '../../src/layout/index/index-entry.ts';
import { elementsOf, membersOf, printMember } from '../../src/layout/index/json-span.ts';

export interface PlainIndex {
  readonly head: string;
  readonly lines: readonly string[];
  readonly tail: string;
}

export function parsePlain(bytes: Uint8Array): PlainIndex {
  const members = membersOf(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  const at = members.findLastIndex(({ name }) => name === 'manifests');
  const before = members.slice(0, at < 0 ? members.length : at);
  const after = at < 0 ? [] : members.slice(at + 1);
  const manifests = members[at]?.text ?? 'null';
  return {
    head: `{${before.map((each) => `${printMember(each)},`).join('')}"manifests":[`,
    lines: manifests === 'null' ? [] : [...elementsOf(manifests)],
    tail: `]${after.map((each) => `,${printMember(each)}`).join('')}}`,
  };
}

export function printPlain({ head, lines, tail }: PlainIndex): string {
  return `${head}\n${lines.join(',\n')}${lines.length === 0 ? '' : '\n'}${tail}\n`;
}

/** `removed` by their places; each addition stands after the last entry of its rank. */
export function editPlain(index: PlainIndex, removed: ReadonlySet<number>, added: readonly string[]): PlainIndex {
  let entries: readonly IndexEntry[] = index.lines.filter((_, at) => !removed.has(at)).map(parseIndexEntry);
  const additions = added.map(parseIndexEntry);
  for (const rank of new Set(additions.map((entry) => entry.rank))) {
    const at = entries.findLastIndex((entry) => entry.rank <= rank) + 1;
    entries = [...entries.slice(0, at), ...additions.filter((entry) => entry.rank === rank), ...entries.slice(at)];
  }
  return { ...index, lines: entries.map(({ line }) => line) };
}
