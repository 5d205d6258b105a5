// What layouts that are written tell whoever counts what a server does.
import { type HealKind, type HealMeters, healKinds } from '../healing/heal-meters.ts';

export interface ChangeMeters extends HealMeters {
  /** index.json was replaced, for so many edits together; 0: to put back what other programs lost. */
  readonly rewritten: (edits: number) => void;
}

/** All that `healed` may be told of. */
export const countedHeals: readonly HealKind[] = healKinds;

export const noChangeMeters: ChangeMeters = { healed: () => {}, rewritten: () => {} };
