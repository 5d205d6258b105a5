// Looks at layouts on this machine or at a registry, and prints every finding.

import { inspectLocal } from '../inspection/inspect-local.ts';
import { inspectRemote } from '../inspection/inspect-remote.ts';
import type { InspectDepth, Inspection } from '../inspection/inspection.ts';
import { pathKindIfAny } from '../mounts/path-kind.ts';
import { printableText } from '../oci/printable-text.ts';
import type { OpenOptions } from '../transfer/open-source.ts';
import { SourceError } from '../transfer/source-error.ts';
import { parseSourceReference } from '../transfer/source-reference.ts';
import { surroundingsOnDisk } from '../transfer/surroundings-on-disk.ts';
import { exitCodes } from './failure.ts';
import { summaryOf } from './findings-text.ts';
import { inspectJson, inspectText } from './inspect-text.ts';
import { terminalColumns } from './output-text.ts';
import { progressOn } from './progress-lines.ts';

export interface InspectOptions extends OpenOptions, InspectDepth {
  readonly json: boolean;
}

/** Returns the exit code. Throws what failureOf and sourceFailureOf explain. */
export async function inspect(where: string | undefined, options: InspectOptions): Promise<number> {
  // Whoever waits at a terminal while everything is read sees how much is left.
  const columns = options.verify ? terminalColumns(process.stderr) : undefined;
  const output = { columns, write: (text: string) => void process.stderr.write(text), now: () => performance.now() };
  const progress = columns === undefined ? undefined : progressOn(output);
  const inspection = await inspectionOf(where, progress === undefined ? options : { ...options, progress }).finally(
    () => progress?.end(),
  );
  if (inspection.parts.length === 0) throw new SourceError(`there is no layout in ${inspection.source}`);
  if (inspection.parts.every(({ kind }) => kind === 'root')) {
    process.stderr.write(`moorage: there is no layout in ${printableText(inspection.source)} that could be served\n`);
  }
  process.stdout.write(options.json ? inspectJson(inspection) : inspectText(inspection));
  const { errors, warnings } = summaryOf(inspection.parts);
  return errors + warnings === 0 ? 0 : exitCodes.failure;
}

async function inspectionOf(where: string | undefined, options: InspectOptions): Promise<Inspection> {
  if (where === undefined) return inspectRoot(undefined, options);
  const parsed = parseSourceReference(where, surroundingsOnDisk(options));
  if (parsed.kind === 'remote') return inspectRemote(parsed, options);
  if (parsed.kind === 'root') return inspectRoot(parsed.name, options);
  const { path, within } = parsed;
  if (pathKindIfAny(path) === 'absent') {
    throw new SourceError(`there is no layout, archive or directory of layouts at ${path}`);
  }
  return found(await inspectLocal({ ...options, path, within }), within);
}

async function inspectRoot(within: string | undefined, options: InspectOptions): Promise<Inspection> {
  const { root } = options;
  if (pathKindIfAny(root) === 'absent') {
    throw new SourceError(
      `there is no ${root} here; name what to look at: moorage inspect PATH, moorage inspect HOST/NAME, or --root DIR`,
    );
  }
  return found(await inspectLocal({ ...options, path: undefined, within }), within);
}

function found(inspection: Inspection, within: string | undefined): Inspection {
  if (within === undefined || inspection.parts.length > 0) return inspection;
  throw new SourceError(`there is no repository "${within}" in ${inspection.source}`);
}
