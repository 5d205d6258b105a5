// What `moorage inspect` prints: findings by layout, the worst first, or JSON.
import type { Inspection } from '../inspection/inspection.ts';
import { printableText } from '../oci/printable-text.ts';
import { findingsJson, partLines, plural, summaryOf, summaryText } from './findings-text.ts';
import { jsonDocument } from './output-text.ts';

/** The form that `moorage inspect --help` describes. */
export function inspectJson({ source, parts }: Inspection): string {
  return jsonDocument({ source, layouts: findingsJson(parts), summary: summaryOf(parts) });
}

export function inspectText(inspection: Inspection): string {
  const lines = [...inspection.parts.flatMap(partLines), summaryLine(inspection)];
  // Strangers wrote names, paths and media types.
  return lines.map((line) => `${printableText(line)}\n`).join('');
}

function summaryLine({ parts }: Inspection): string {
  const looked = parts.filter(({ name }) => name !== '').length;
  return `${summaryText(parts)} in ${plural(looked, parts.some(({ kind }) => kind === 'repository') ? 'repository' : 'layout')}`;
}
