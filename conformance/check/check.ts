// What a check is. Checks are values in lists, grouped in sections; nothing registers itself.
import type { Registry } from '../registry/registry.ts';

/**
 * MUST and SHOULD are the spec's words and count everywhere. MAY marks what a registry may leave out, CHOSEN an answer
 * that moorage chose where the spec leaves it open: another registry that does otherwise is skipped, not failed.
 */
export type Level = 'MUST' | 'SHOULD' | 'MAY' | 'CHOSEN';

export interface Check {
  /** A requirement of requirements.ts, or the path of a test of an official suite; several checks may share it. */
  readonly id: string;
  readonly name: string;
  /** Where it is written, e.g. "distribution-spec: Pushing a blob in chunks". */
  readonly clause: string;
  readonly level: Level;
  /** Waits for the server to lose patience: runs beside the others, and only in the first run on a directory. */
  readonly patient?: boolean;
  readonly run: (registry: Registry) => Promise<void>;
}

export interface Section {
  readonly title: string;
  readonly checks: readonly Check[];
}

/** Gives the literal its type. */
export function check(definition: Check): Check {
  return definition;
}
