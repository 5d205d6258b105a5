// A table of text: columns as wide as their widest cell, two spaces between them; on a terminal no wider than that.
import { printableText } from '../oci/printable-text.ts';

export interface TableFit {
  /** Of the terminal; undefined: the table is as wide as it wants to be. */
  readonly columns: number | undefined;
  /** Columns whose cells may be cut, by their place. */
  readonly flexible: readonly number[];
}

/** A cell that is cut further tells nothing. */
const leastWidth = 12;
const gap = 2;
const cut = '...';

/** Cells may hold what strangers wrote: it is made printable here. Lines end without spaces. */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[], fit?: TableFit): string {
  const all = [header, ...rows.map((row) => row.map((cell) => printableText(cell)))];
  const wanted = header.map((_, column) => all.reduce((width, row) => Math.max(width, (row[column] ?? '').length), 0));
  const widths = fitted(wanted, fit);
  const lines = all.map((row) =>
    row
      .map((cell, column) => shortened(cell, widths[column] ?? 0).padEnd(widths[column] ?? 0))
      .join(' '.repeat(gap))
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join('');
}

/** Takes from the widest first. Where that is not enough, lines wrap. */
function fitted(wanted: readonly number[], fit: TableFit | undefined): readonly number[] {
  if (fit?.columns === undefined) return wanted;
  const widths = [...wanted];
  let excess = widths.reduce((sum, width) => sum + width + gap, -gap) - fit.columns;
  while (excess > 0) {
    const widest = fit.flexible.reduce((most, each) => ((widths[each] ?? 0) > (widths[most] ?? 0) ? each : most));
    const width = widths[widest] ?? 0;
    if (width <= leastWidth) break;
    widths[widest] = width - 1;
    excess -= 1;
  }
  return widths;
}

/** In the middle: names and tags differ at their ends. */
function shortened(cell: string, width: number): string {
  if (cell.length <= width) return cell;
  const head = Math.ceil((width - cut.length) / 2);
  return `${cell.slice(0, head)}${cut}${cell.slice(cell.length - (width - cut.length - head))}`;
}
