// The cells of the matrix: what a run found, what earlier runs had found, and which of those has got worse.

import { type ContentKind, contentKinds } from './contents.ts';

export const directions = ['written', 'read'] as const;
export type Direction = (typeof directions)[number];

export interface Cell {
  /** `none`: the tool has no such thing. `unjudged`: nobody looked. `failed`: it should be yes; no committed page has that. */
  readonly outcome: 'yes' | 'no' | 'none' | 'unjudged' | 'failed';
  /** By which way of the tool it went. */
  readonly how: string;
  /** Why it cannot be yes. */
  readonly reason: string;
}

export type Cells = Readonly<Record<Direction, Readonly<Record<ContentKind, Cell>>>>;

export interface ToolResult {
  readonly version: string;
  /** A model of the tool judged, as the tool itself could not be installed. */
  readonly model: boolean;
  /** The day of the run that found this first. */
  readonly asOf: string;
  readonly cells: Cells;
}

/** By tool. */
export type MatrixResults = Readonly<Record<string, ToolResult>>;

/** What was yes and is not any more, a line each. */
export function regressions(before: MatrixResults, now: MatrixResults): string[] {
  return Object.entries(now).flatMap(([tool, { cells }]) => {
    const earlier = before[tool];
    if (earlier === undefined) return [];
    return eachCell((direction, kind) => {
      const was = earlier.cells[direction][kind];
      const is = cells[direction][kind];
      const worse = was.outcome === 'yes' && is.outcome !== 'yes';
      return worse ? `${tool}: ${direction} ${kind} was yes, and is ${is.outcome}: ${is.reason}` : [];
    });
  });
}

/** What should be yes and is not, whatever it was. */
export function failures(now: MatrixResults): string[] {
  return Object.entries(now).flatMap(([tool, { cells }]) =>
    eachCell((direction, kind) => {
      const { outcome, reason } = cells[direction][kind];
      return outcome === 'failed' ? `${tool}: ${direction} ${kind}: ${reason}` : [];
    }),
  );
}

/** What this run found over what earlier runs found; a result that is the same keeps its day. */
export function merged(before: MatrixResults, now: MatrixResults): MatrixResults {
  const fresh = Object.entries(now).map(([tool, result]) => {
    const earlier = before[tool];
    return [tool, earlier !== undefined && isSame(earlier, result) ? earlier : result] as const;
  });
  return { ...before, ...Object.fromEntries(fresh) };
}

function isSame(one: ToolResult, other: ToolResult): boolean {
  return JSON.stringify({ ...one, asOf: '' }) === JSON.stringify({ ...other, asOf: '' });
}

export function eachCell<T>(visit: (direction: Direction, kind: ContentKind) => T | T[]): T[] {
  return directions.flatMap((direction) => contentKinds.flatMap((kind) => visit(direction, kind)));
}
