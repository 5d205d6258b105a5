// How findings look in what `moorage inspect` and `moorage verify` print: by layout, the worst first, or as JSON.
import type { Dialect } from '../inspection/findings/dialects.ts';
import type { Finding } from '../inspection/findings/finding.ts';
import type { FindingGroup } from '../inspection/findings/finding-list.ts';
import type { InspectedPart } from '../inspection/inspection.ts';

export interface FindingSummary {
  readonly errors: number;
  readonly warnings: number;
  readonly notes: number;
}

export function summaryOf(parts: readonly InspectedPart[]): FindingSummary {
  const count = (severity: Finding['severity']) =>
    parts
      .flatMap(({ findings }) => findings)
      .filter(({ findings: [first] }) => first?.severity === severity)
      .reduce((sum, { findings, omitted }) => sum + findings.length + omitted, 0);
  return { errors: count('error'), warnings: count('warning'), notes: count('note') };
}

/** `1 error, 0 warnings, 2 notes`. */
export function summaryText(parts: readonly InspectedPart[]): string {
  const { errors, warnings, notes } = summaryOf(parts);
  return [plural(errors, 'error'), plural(warnings, 'warning'), plural(notes, 'note')].join(', ');
}

/** The members of a document that say what was found, in the form that `moorage inspect --help` describes. */
export function findingsJson(parts: readonly InspectedPart[]): readonly object[] {
  return parts.map(({ findings, ...part }) => ({
    ...part,
    findings: findings.flatMap((group) => group.findings),
    omitted: Object.fromEntries(findings.flatMap(({ code, omitted }) => (omitted === 0 ? [] : [[code, omitted]]))),
  }));
}

/** One part, and an empty line after it. Strangers wrote names, paths and media types: not yet printable. */
export function partLines({ kind, name, where, entries, dialects, findings }: InspectedPart): readonly string[] {
  const counted = entries === undefined ? '' : `, ${plural(entries, kind === 'repository' ? 'tag' : 'entry')}`;
  const title = name === '' ? where : `${name} (${where}${counted})`;
  const traces = dialects.length === 0 ? [] : [`  written by: ${writtenBy(dialects)}`];
  const lines = findings.length === 0 ? ['  nothing found'] : findings.flatMap(groupLines);
  return [title, ...traces, ...lines, ''];
}

function writtenBy(dialects: readonly Dialect[]): string {
  const tools = [...new Set(dialects.map(({ tool }) => tool))];
  const tracesOf = (tool: string) => dialects.filter((each) => each.tool === tool).map(({ trace }) => trace);
  return tools.map((tool) => `${tool} (${tracesOf(tool).join(', ')})`).join('; ');
}

function groupLines({ code, findings, omitted }: FindingGroup): readonly string[] {
  const [first] = findings;
  if (first === undefined) return [];
  const { severity, why, remedy } = first;
  const more = omitted === 0 ? [] : [`      and ${omitted} more`];
  const items = findings.map(subjectLine).filter((line) => line !== '');
  return [
    `  ${severity} ${code}`,
    ...items.map((line) => `      ${line}`),
    ...more,
    `    why: ${why}`,
    `    do:  ${remedy}`,
  ];
}

function subjectLine({ name, digest, path, detail }: Finding): string {
  const about = [name, digest, path].filter((each) => each !== undefined).join('  ');
  if (detail === undefined) return about;
  return about === '' ? detail : `${about}  (${detail})`;
}

/** `1 entry`, `2 entries`. */
export function plural(count: number, word: string): string {
  const many = word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`;
  return `${count} ${count === 1 ? word : many}`;
}
