// Judges one tool: every cell, every way of the tool, as checks of the run.

import { type CheckList, Missing } from '../checks.ts';
import type { MatrixLab } from './bench.ts';
import { type Cell, type Direction, eachCell, type ToolResult } from './cells.ts';
import type { ContentKind } from './contents.ts';
import type { Bench, MatrixTool, OpenMatrixTool, Reader, Refusal, Unjudged, Way, Writer } from './matrix-tool.ts';

/** Undefined when the tool is not there: then the page keeps what it says. */
export async function judgeTool(lab: MatrixLab, tool: MatrixTool, checks: CheckList): Promise<ToolResult | undefined> {
  const bench = await lab.bench(tool.name.replaceAll(' ', '-'));
  let open: OpenMatrixTool | undefined;
  await checks.check(tool.name, 'matrix: is there', async () => {
    const missing = tool.commands.filter((command) => bench.executable(command) === undefined);
    if (missing.length > 0) throw new Missing(`${missing.join(', ')}: not installed`);
    if (tool.needsRoot && process.getuid?.() !== 0) throw new Missing('needs root');
    open = await tool.open(bench);
    return open.version;
  });
  if (open === undefined) return undefined;
  try {
    return await judgeCells({ lab, bench, tool, open, checks });
  } finally {
    await open.close();
  }
}

interface Judging {
  readonly lab: MatrixLab;
  readonly bench: Bench;
  readonly tool: MatrixTool;
  readonly open: OpenMatrixTool;
  readonly checks: CheckList;
}

async function judgeCells({ lab, bench, tool, open, checks }: Judging): Promise<ToolResult> {
  const cells: Record<Direction, Partial<Record<ContentKind, Cell>>> = { written: {}, read: {} };
  const judge: Record<Direction, (kind: ContentKind) => Promise<Cell>> = {
    written: (kind) =>
      judgeWays<Writer>(checks, tool, `${kind}, written by it`, open.writes[kind], async (way) =>
        lab.judge(await way.write(bench.fresh(kind))),
      ),
    read: (kind) => judgeWays<Reader>(checks, tool, `${kind}, read by it`, open.reads[kind], (way) => way.read()),
  };
  for (const [direction, kind] of eachCell((...cell) => [cell])) cells[direction][kind] = await judge[direction](kind);
  const asOf = new Date().toISOString().slice(0, 10);
  return { version: open.version, model: false, asOf, cells: cells as ToolResult['cells'] };
}

function whyNot(ability: Refusal | Unjudged | { readonly cannot: string }) {
  if ('refuses' in ability) return ['no', ability.refuses] as const;
  return 'unjudged' in ability ? (['unjudged', ability.unjudged] as const) : (['none', ability.cannot] as const);
}

/** Yes when every way of the tool goes. */
async function judgeWays<T extends { readonly how: string }>(
  checks: CheckList,
  tool: MatrixTool,
  what: string,
  ability: Way<T>,
  go: (way: T) => Promise<string>,
): Promise<Cell> {
  if ('refuses' in ability || 'cannot' in ability || 'unjudged' in ability) {
    const [outcome, reason] = whyNot(ability);
    checks.notApplicable(tool.name, `matrix: ${what}`, reason);
    return { outcome, how: '', reason };
  }
  let reason = '';
  for (const way of ability) {
    await checks.check(tool.name, `matrix: ${what}${way.how === '' ? '' : ` (${way.how})`}`, async () => {
      try {
        return await go(way);
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
        throw error;
      }
    });
  }
  const how = ability.map((way) => way.how).join(', ');
  return reason === '' ? { outcome: 'yes', how, reason } : { outcome: 'failed', how, reason };
}
