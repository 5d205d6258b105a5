// Figures as a person reads them, and Markdown tables.

import type { Spread } from '../statistics.ts';

export function figure(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
  return value >= 10 ? value.toFixed(1) : value.toPrecision(2);
}

export function range(spread: Spread): string {
  return `${figure(spread.min)} to ${figure(spread.max)}`;
}

/** A ratio: two digits behind the point where it matters on which side of 1 it is. */
export function factor(value: number): string {
  if (value >= 10) return value.toFixed(1);
  return value >= 0.1 ? value.toFixed(2) : value.toPrecision(2);
}

/** "x3.2 (2.9 to 3.6)": how many times better, the median of the rounds with their range. */
export function times(ratio: Spread): string {
  return `x${factor(ratio.median)} (${factor(ratio.min)} to ${factor(ratio.max)})`;
}

export function mebibytes(bytes: number): string {
  return figure(bytes / 2 ** 20);
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
