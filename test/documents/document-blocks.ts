// The blocks of a document that are run, as a reader would: what is served stays, the rest is run in order in one directory.

export type Block =
  /** Commands, one after the other; the first that fails is the failure. */
  | { readonly kind: 'run'; readonly text: string; readonly line: number }
  /** A server, which stays until the end. */
  | { readonly kind: 'serve'; readonly text: string; readonly line: number }
  /** Each line is one of what the block before printed, or a part of one. */
  | { readonly kind: 'prints'; readonly text: string; readonly line: number };

const kinds: Readonly<Record<string, Block['kind']>> = {
  'sh run': 'run',
  'sh serve': 'serve',
  'text prints': 'prints',
};

/** Blocks of other kinds are left out: a clone is what CI does first. */
export function blocksIn(document: string): readonly Block[] {
  const blocks: Block[] = [];
  for (const match of document.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)) {
    const [, kind = '', text = ''] = match;
    const known = kinds[kind.trim()];
    const line = document.slice(0, match.index).split('\n').length;
    if (known !== undefined) blocks.push({ kind: known, text, line });
  }
  return blocks;
}
