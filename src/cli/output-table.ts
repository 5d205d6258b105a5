// A table of text: columns as wide as their widest cell, two spaces between them.
import { printableText } from '../oci/printable-text.ts';

/** Cells may hold what strangers wrote: it is made printable here. Lines end without spaces. */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows.map((row) => row.map((cell) => printableText(cell)))];
  const widths = header.map((_, column) => all.reduce((width, row) => Math.max(width, (row[column] ?? '').length), 0));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join('');
}
