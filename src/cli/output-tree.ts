// A tree as lines, drawn with box characters or in ASCII.
import { printableText } from '../oci/printable-text.ts';

export interface TreeLine {
  readonly text: string;
  readonly below: readonly TreeLine[];
}

const unicode = { child: '├─ ', last: '└─ ', passing: '│  ', blank: '   ' };
const ascii = { child: '|- ', last: '`- ', passing: '|  ', blank: '   ' };

/** Texts may hold what strangers wrote: they are made printable here. */
export function textTree(root: TreeLine, { inUnicode }: { readonly inUnicode: boolean }): string {
  const strokes = inUnicode ? unicode : ascii;
  const lines: string[] = [];
  const draw = ({ text, below }: TreeLine, first: string, further: string) => {
    lines.push(`${first}${printableText(text)}\n`);
    for (const [at, child] of below.entries()) {
      const isLast = at === below.length - 1;
      draw(
        child,
        further + (isLast ? strokes.last : strokes.child),
        further + (isLast ? strokes.blank : strokes.passing),
      );
    }
  };
  draw(root, '', '');
  return lines.join('');
}
