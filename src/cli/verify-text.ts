// What `moorage verify` prints: what was mended, what is wrong, by layout, the worst first, or JSON.
import type { InspectedPart } from '../inspection/inspection.ts';
import { printableText } from '../oci/printable-text.ts';
import type { Repair, Verification } from '../verification/verification.ts';
import { findingsJson, partLines, plural, summaryOf, summaryText } from './findings-text.ts';
import { humanSize, jsonDocument } from './output-text.ts';

/** The form that `moorage verify --help` describes. */
export function verifyJson(source: string, { parts, repairs, totals }: Verification): string {
  const layouts = findingsJson(parts);
  return jsonDocument({ source, layouts, repairs, verified: totals, summary: summaryOf(parts) });
}

/** Of thousands of repositories only those are shown that have something wrong. */
export function verifyText({ parts, repairs, totals }: Verification): string {
  const wrong = parts.filter(({ findings }) => findings.length > 0);
  const lines = [...repairLines(repairs), ...wrong.flatMap(partLines), ...summaryLines(parts, repairs, totals)];
  return lines.map((line) => `${printableText(line)}\n`).join('');
}

function repairLines(repairs: readonly Repair[]): readonly string[] {
  const lines = repairs.map(({ path, outcome, detail }) => `${words[outcome]}  ${path}  (${before[outcome]}${detail})`);
  return lines.length === 0 ? [] : [...lines, ''];
}

const words: Readonly<Record<Repair['outcome'], string>> = {
  mended: 'mended',
  quarantined: 'put aside',
  kept: 'not mended',
};

const before: Readonly<Record<Repair['outcome'], string>> = { mended: 'from ', quarantined: 'to ', kept: '' };

function summaryLines(
  parts: readonly InspectedPart[],
  repairs: readonly Repair[],
  { files, bytes }: Verification['totals'],
): readonly string[] {
  const layouts = parts.filter(({ kind }) => kind === 'layout').length;
  const count = (outcome: Repair['outcome']) => repairs.filter((each) => each.outcome === outcome).length;
  const done = [
    `${plural(count('mended'), 'file')} mended`,
    `${count('quarantined')} put aside`,
    `${count('kept')} not mended`,
  ];
  return [
    ...(repairs.length === 0 ? [] : [done.join(', ')]),
    `verified ${plural(files, 'file')} (${humanSize(bytes)}) in ${plural(layouts, 'layout')}: ${summaryText(parts)}`,
  ];
}
