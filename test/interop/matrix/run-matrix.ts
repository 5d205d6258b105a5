// Runs the matrix: every tool that is there, every cell, then docs/interop.md. A cell that fails is a failed check; a cell that a tool
// cannot have is a reason in the page; a cell that was yes in the committed page and is not any more fails the run.

import type { CheckList } from '../checks.ts';
import type { DockerEngine } from '../docker-engine.ts';
import type { Machine } from '../machine.ts';
import { MatrixLab } from './bench.ts';
import { failures, type MatrixResults, merged, regressions, type ToolResult } from './cells.ts';
import { judgeTool } from './judge-tool.ts';
import { modelResults } from './models.ts';
import { committedResults, writeRejected, writeResults } from './report.ts';
import { matrixTools } from './tools/all-tools.ts';

export interface MatrixRun {
  readonly machine: Machine;
  readonly engine: DockerEngine | undefined;
  readonly checks: CheckList;
  readonly full: boolean;
  /** Tools by name; all when it is empty. */
  readonly only: readonly string[];
}

export async function runMatrix({ machine, engine, checks, full, only }: MatrixRun): Promise<void> {
  const lab = await MatrixLab.open(machine, engine);
  const found: Record<string, ToolResult> = {};
  try {
    for (const tool of matrixTools.filter(({ name }) => only.length === 0 || only.includes(name))) {
      const result = tool.full && !full ? undefined : await judgeTool(lab, tool, checks);
      if (result !== undefined) found[tool.name] = result;
    }
    if (only.length === 0) Object.assign(found, await modelResults(lab, checks));
  } finally {
    await lab.close();
  }
  await checks.check('matrix', 'docs/interop.md', () => report(found));
}

async function report(found: MatrixResults): Promise<string> {
  const before = await committedResults();
  const now = merged(before, found);
  const worse = [...regressions(before, now), ...failures(now)];
  if (worse.length > 0) throw new Error(`${[...new Set(worse)].join('; ')} (see ${await writeRejected(now)})`);
  return `${Object.keys(found).length} tools judged, written to ${await writeResults(now)}`;
}
